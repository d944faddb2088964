"""sevkit's command line: runs the C programs, collects results, writes reports."""

__version__ = "0.1.0"
