#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests extract.py."""

import unittest

from extract import extract

DOCUMENT = """# Title

```cpp
int a;
```

Not taken:

```text
int b;
```

````markdown
```cpp
int c;
```
````

1. In a list:

   ```cpp
   // file: my_block.hpp
   struct my_block {
     int d;
   };
   ```

```cpp no-run
// file: second.cpp
int e;
```

```cpp
int main() {}
```

```text printed
one line
another
```

```cpp
// file: main.cpp
int f;
```
"""


class TestExtract(unittest.TestCase):
    def test_blocks_become_files(self):
        self.assertEqual(
            extract(DOCUMENT, "doc.md"),
            {
                "main.cpp": '#line 4 "doc.md"\nint a;\n#line 43 "doc.md"\n// file: main.cpp\nint f;\n',
                "my_block.hpp": '#line 22 "doc.md"\n// file: my_block.hpp\nstruct my_block {\n  int d;\n};\n',
                "second.cpp": '// compiled only\n#line 29 "doc.md"\n// file: second.cpp\nint e;\n'
                '#line 34 "doc.md"\nint main() {}\n',
                "second.printed": "one line\nanother\n",
            },
        )

    def test_no_blocks(self):
        self.assertEqual(extract("# Title\n", "doc.md"), {})

    def test_block_without_end(self):
        with self.assertRaisesRegex(SystemExit, "line 2: this block has no end"):
            extract("text\n```cpp\nint a;\n", "doc.md")


if __name__ == "__main__":
    unittest.main()
