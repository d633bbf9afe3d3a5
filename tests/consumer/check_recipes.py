#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the recipes for Conan and vcpkg make packages? check_recipes.py SOURCE FOLDER CMAKE COMPILER

Conan runs where it is installed. vcpkg's port is always run by CMake, with stand-ins for vcpkg's functions: it shows that the port
installs what it should, not that vcpkg itself takes it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

STAND_INS = """
function(vcpkg_cmake_configure)
  cmake_parse_arguments(arg "" "SOURCE_PATH" "OPTIONS" ${ARGN})
  execute_process(COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET COMMAND ${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${BUILD} ${arg_OPTIONS}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release -DNASCENT_WITH_KERNELS=OFF)
endfunction()
function(vcpkg_cmake_install)
  execute_process(COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${CURRENT_PACKAGES_DIR})
endfunction()
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(arg "" "CONFIG_PATH" "" ${ARGN})
  file(RENAME ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/nascent)
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(arg "" "" "FILE_LIST" ${ARGN})
  configure_file(${arg_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/nascent/copyright COPYONLY)
endfunction()
"""


def vcpkg(source: Path, folder: Path, cmake: str, compiler: str) -> None:
    port = source / "packaging" / "vcpkg" / "nascent"
    version = re.search(r'version = "(.*)"', (source / "include/nascent/base/version.hpp").read_text())[1]
    manifest = json.loads((port / "vcpkg.json").read_text())
    assert manifest["version"] == version, f"vcpkg.json has version {manifest['version']} of {version}"
    components = {line.split()[1] for line in (source / "cmake/house.txt").read_text().splitlines() if line.startswith("component")}
    assert set(manifest["features"]) == components - {"torch", "cudnn"}, "vcpkg.json and house.txt have different components"
    package = folder / "vcpkg"
    script = folder / "port.cmake"
    script.write_text(f'cmake_minimum_required(VERSION 3.25)\n{STAND_INS}\ninclude("{port}/portfile.cmake")\n')
    said = {"CURRENT_PORT_DIR": port, "CURRENT_PACKAGES_DIR": package, "BUILD": folder / "vcpkg_build", "COMPILER": compiler}
    subprocess.run([cmake, *(f"-D{k}={v}" for k, v in said.items()), "-P", script], check=True)
    for file in ("include/nascent/nascent.hpp", "share/nascent/nascent-config.cmake", "share/nascent/copyright", "lib/pkgconfig/nascent.pc"):
        assert (package / file).exists(), f"the port installs no {file}"
    print("vcpkg: the port installs headers, CMake's and pkg-config's files (vcpkg itself was not run)")


def conan(source: Path, folder: Path, compiler: str) -> None:
    program = shutil.which("conan")
    if program is None:
        print("conan: not run, because it is not installed (pip install conan)")
        return
    environment = {**os.environ, "CONAN_HOME": str(folder / "conan"), "CXX": compiler}
    subprocess.run([program, "profile", "detect"], env=environment, check=True)
    built = ["-c", f"tools.cmake.cmake_layout:test_folder={folder / 'conan_test'}"]
    subprocess.run([program, "create", source / "packaging" / "conan", "-s", "compiler.cppstd=20", *built], env=environment, check=True)
    print("conan: the package was made, and a program was built with it")


def main(source: Path, folder: Path, cmake: str, compiler: str) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    vcpkg(source, folder, cmake, compiler)
    conan(source, folder, compiler)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:]))
