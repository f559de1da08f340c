//! The seeds of a server's keys, each in a file of its own.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use zeroize::Zeroizing;

use crate::config::private;

/// Reads a seed of 32 bytes, or makes one from the operating system's randomness.
///
/// # Errors
/// The file is not 32 bytes long, or as the operating system says.
pub fn read_or_make(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(seed.as_mut()).map_err(|error| io::Error::other(error.to_string()))?;
            private::replace(path, seed.as_ref())?;
            Ok(seed)
        }
        read => read,
    }
}

/// Reads a seed of 32 bytes that is there.
///
/// # Errors
/// Others may read the file, it is not 32 bytes long, or as the operating system says.
pub fn read(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    if let Ok(known) = fs::metadata(path)
        && known.permissions().mode() & 0o077 != 0
    {
        let text = "others may read or write it; make it anew, or 'chmod 600' it if you trust what it holds";
        return Err(io::Error::new(ErrorKind::PermissionDenied, text));
    }
    let bytes = fs::read(path).map(Zeroizing::new)?;
    bytes.as_slice().try_into().map(Zeroizing::new).map_err(|_| {
        let text = format!("expected 32 bytes, found {}; restore it from a backup", bytes.len());
        io::Error::new(ErrorKind::InvalidData, text)
    })
}
