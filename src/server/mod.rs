//! The control plane: its parts wired together.
