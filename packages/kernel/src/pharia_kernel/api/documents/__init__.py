"""Documents of the index inside the kernel: listed, read, added, removed."""
