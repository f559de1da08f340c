//! The process on each node: one outbound link, through which it is seen and commanded.
