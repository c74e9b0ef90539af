"""Settings to parts: one module for each kind of part, put together by :mod:`pharia_kernel.kernel`."""
