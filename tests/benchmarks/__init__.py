"""Benchmarks: ratios between the client and what it could have been built on, in one run against one host.

    python -m tests.benchmarks          every one of them; so does `make bench`
    python -m tests.benchmarks NAME     in-flight, one-by-one, import, memory or profile

No test asserts a time. A goal is missed only when the median of its ratios misses it and the best round does too.
"""
