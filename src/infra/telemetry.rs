//! What a node measures of itself (sysinfo).
