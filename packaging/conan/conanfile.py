# SPDX-License-Identifier: Apache-2.0
"""The library as a Conan package: `conan create packaging/conan` in a checkout. Header-only, but for its own kernels (`-o kernels=True`).

The components' libraries are the consumer's to require: find_package(nascent COMPONENTS onednn) looks for them where its toolchain says."""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import copy

ROOT = Path(__file__).resolve().parents[2]


class Nascent(ConanFile):
    name = "nascent"
    license = "Apache-2.0"
    description = "Designing families of convolutional networks for a given device"
    topics = ("neural-architecture-search", "header-only")
    settings = "os", "arch", "compiler", "build_type"
    options = {"kernels": [True, False]}
    default_options = {"kernels": False}
    package_type = "static-library"

    def set_version(self):
        text = (ROOT / "include/nascent/base/version.hpp").read_text()
        self.version = re.search(r'version = "(.*)"', text)[1]

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, src=ROOT, dst=self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"NASCENT_BUILD_{part}"] = False
        toolchain.cache_variables["NASCENT_WITH_KERNELS"] = bool(self.options.kernels)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=Path(self.package_folder) / "licenses")

    def package_id(self):
        if not self.info.options.kernels:
            self.info.clear()

    def package_info(self):
        # The package's own CMake files, which know its components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["share/cmake/nascent"]
        self.cpp_info.bindirs = []
        self.cpp_info.libs = ["nascent_kernels"] if self.options.kernels else []
