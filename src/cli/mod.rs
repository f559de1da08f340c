//! The command line: a folder per noun, a file per verb.
