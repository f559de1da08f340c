//! The `age` file format for X25519 keys (C2SP age.md v1), so that a backup can be opened without this program too.
//!
//! The `age` crate would bring some seventy others, an older generation of every primitive among them; what of the format is
//! used here is a header of a few lines and ChaCha20-Poly1305 in chunks. What is written is opened by `age`, and the other
//! way round (`tests`).

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::config::recipient::{Recipient, read, spell};

/// The first line of a file.
pub const MAGIC: &str = "age-encryption.org/v1";
/// What the text of an identity begins with.
const PREFIX: &str = "age-secret-key-";
/// Plain bytes of a chunk.
const CHUNK: usize = 64 * 1024;
/// Bytes by which a sealed text is longer.
const TAG: usize = 16;
/// The longest line of a header, and the most lines.
const MAX_LINE: u64 = 1024;
const MAX_LINES: usize = 256;

/// A secret X25519 key: whoever has it opens what was encrypted for its [`Recipient`].
pub struct Identity(StaticSecret);

impl Identity {
    /// A fresh one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self(StaticSecret::from(*random::<32>()?)))
    }

    /// Whom to encrypt for, so that this opens it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0).to_bytes())
    }

    /// The text that `age` reads: `AGE-SECRET-KEY-1...`.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(spell(PREFIX, self.0.as_bytes()).to_uppercase())
    }

    /// Every identity of a key file: a line each, `#` begins a comment.
    ///
    /// # Errors
    /// Names the first line that is none.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().map(str::trim).enumerate();
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(number, line)| {
                line.parse().map_err(|()| format!("line {}: expected AGE-SECRET-KEY-1...", number + 1))
            })
            .collect()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        read(PREFIX, text).map(|key| Self(StaticSecret::from(key))).ok_or(())
    }
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut())?;
    Ok(bytes)
}

/// HKDF-SHA256 to a key of 32 bytes.
fn derive(secret: &[u8], salt: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(info.as_bytes(), key.as_mut())
        .expect("32 bytes are within the bound of HKDF-SHA256");
    key
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the cipher's key has 32 bytes"))
}

/// The key that wraps a file's key for one recipient; `None` for a public key of low order.
fn wrapping(
    secret: &StaticSecret,
    with: &[u8; 32],
    share: &[u8; 32],
    recipient: &[u8; 32],
) -> Option<LessSafeKey> {
    let shared = secret.diffie_hellman(&PublicKey::from(*with));
    let salt = [share.as_slice(), recipient.as_slice()].concat();
    let key = derive(shared.as_bytes(), &salt, "age-encryption.org/v1/X25519");
    shared.was_contributory().then(|| cipher(&key))
}

/// The header's proof that whoever wrote it had the file's key.
fn proof(file_key: &[u8], header: &[u8]) -> Hmac<Sha256> {
    let key = derive(file_key, &[], "header");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_ref()).expect("HMAC takes keys of any length");
    mac.update(header);
    mac
}

/// The chunks' cipher with its counter (age.md, "Payload").
struct Chunks {
    key: LessSafeKey,
    number: u64,
}

impl Chunks {
    fn new(file_key: &[u8], nonce: &[u8]) -> Self {
        Self { key: cipher(&derive(file_key, nonce, "payload")), number: 0 }
    }

    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.number += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Encrypts what is written to it.
pub struct Encryptor<W> {
    out: W,
    chunks: Chunks,
    plain: Vec<u8>,
}

impl<W: Write> Encryptor<W> {
    /// Writes the header for some recipients.
    ///
    /// # Errors
    /// There is no recipient, one is no key, or as the writer says.
    pub fn new(recipients: &[Recipient], mut out: W) -> io::Result<Self> {
        if recipients.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is nobody to encrypt for"));
        }
        let file_key = random::<16>().map_err(io::Error::other)?;
        let mut header = format!("{MAGIC}\n");
        for recipient in recipients {
            let secret = StaticSecret::from(*random::<32>().map_err(io::Error::other)?);
            let share = PublicKey::from(&secret).to_bytes();
            let key = wrapping(&secret, &recipient.0, &share, &recipient.0).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("{recipient} is no key to encrypt for"))
            })?;
            let mut wrapped = file_key.to_vec();
            key.seal_in_place_append_tag(
                Nonce::assume_unique_for_key([0; NONCE_LEN]),
                Aad::empty(),
                &mut wrapped,
            )
            .expect("16 bytes are far below the cipher's bound");
            header += &format!(
                "-> X25519 {}\n{}\n",
                STANDARD_NO_PAD.encode(share),
                STANDARD_NO_PAD.encode(wrapped)
            );
        }
        header += "---";
        let mac = proof(file_key.as_ref(), header.as_bytes()).finalize().into_bytes();
        let nonce = random::<16>().map_err(io::Error::other)?;
        out.write_all(format!("{header} {}\n", STANDARD_NO_PAD.encode(mac)).as_bytes())?;
        out.write_all(nonce.as_ref())?;
        let chunks = Chunks::new(file_key.as_ref(), nonce.as_ref());
        Ok(Self { out, chunks, plain: Vec::with_capacity(CHUNK + TAG) })
    }

    /// Writes the last chunk, which says that it is the last.
    ///
    /// # Errors
    /// As the writer says.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = self.chunks.nonce(is_last);
        self.chunks
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.plain)
            .map_err(|_| io::Error::other("a chunk is longer than the cipher takes"))?;
        let written = self.out.write_all(&self.plain);
        self.plain.clear();
        written
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until more comes: the last one is sealed otherwise.
        if self.plain.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts what is read from it; what was altered or cut off is an error.
pub struct Decryptor<R> {
    from: R,
    chunks: Chunks,
    plain: Vec<u8>,
    at: usize,
    /// The first byte of the next chunk: only whether there is one tells which chunk is the last.
    next: Option<u8>,
    is_over: bool,
}

impl<R: BufRead> Decryptor<R> {
    /// Reads the header and finds the identity that it is for.
    ///
    /// # Errors
    /// It is no such file, was altered, or is for none of these identities.
    pub fn new(identities: &[Identity], mut from: R) -> io::Result<Self> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut header = Vec::new();
        if line(&mut from, &mut header)? != MAGIC {
            return Err(bad("it is not a file of age"));
        }
        let mut file_key = None;
        let (mut arguments, mut body) = (Vec::new(), String::new());
        let mac = loop {
            if header.iter().filter(|byte| **byte == b'\n').count() > MAX_LINES {
                return Err(bad("its header is too long"));
            }
            let before = header.len();
            let text = line(&mut from, &mut header)?;
            if let Some(mac) = text.strip_prefix("--- ") {
                header.truncate(before + 3);
                break STANDARD_NO_PAD.decode(mac).map_err(|_| bad("its header is damaged"))?;
            }
            if let Some(rest) = text.strip_prefix("-> ") {
                arguments = rest.split(' ').map(str::to_owned).collect::<Vec<_>>();
                body.clear();
                continue;
            }
            body += &text;
            if text.len() < 64 && file_key.is_none() && arguments.first().is_some_and(|kind| kind == "X25519")
            {
                file_key = unwrap(identities, &arguments, &body);
            }
        };
        let file_key = file_key.ok_or_else(|| bad("it is encrypted for another key than those given"))?;
        proof(file_key.as_ref(), &header).verify_slice(&mac).map_err(|_| bad("its header was altered"))?;
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce)?;
        let mut decryptor = Self {
            from,
            chunks: Chunks::new(file_key.as_ref(), &nonce),
            plain: Vec::with_capacity(CHUNK + TAG),
            at: 0,
            next: None,
            is_over: false,
        };
        decryptor.next = decryptor.byte()?;
        Ok(decryptor)
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            match self.from.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens the next chunk.
    fn open(&mut self) -> io::Result<()> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let first = self.next.take().ok_or_else(|| bad("the end of the file is missing"))?;
        self.plain.clear();
        self.at = 0;
        self.plain.push(first);
        let rest = (CHUNK + TAG - 1) as u64;
        self.from.by_ref().take(rest).read_to_end(&mut self.plain)?;
        self.next = self.byte()?;
        self.is_over = self.next.is_none();
        let nonce = self.chunks.nonce(self.is_over);
        let opened = self.chunks.key.open_in_place(nonce, Aad::empty(), &mut self.plain);
        let length = opened.map_err(|_| bad("it was altered, or its end is missing"))?.len();
        if length == 0 && self.chunks.number > 1 {
            return Err(bad("it ends in an empty chunk"));
        }
        self.plain.truncate(length);
        Ok(())
    }
}

impl<R: BufRead> Read for Decryptor<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() && !self.is_over {
            self.open()?;
        }
        let taken = into.len().min(self.plain.len() - self.at);
        into[..taken].copy_from_slice(&self.plain[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// The next line of a header without its end; the header is kept as it was read.
fn line(from: &mut impl BufRead, header: &mut Vec<u8>) -> io::Result<String> {
    let begin = header.len();
    from.by_ref().take(MAX_LINE).read_until(b'\n', header)?;
    let bad =
        || io::Error::new(io::ErrorKind::InvalidData, "it is not a file of age, or its header is damaged");
    let line = header[begin..].strip_suffix(b"\n").ok_or_else(bad)?;
    String::from_utf8(line.to_vec()).map_err(|_| bad())
}

/// The file's key, if it was wrapped for one of these identities.
fn unwrap(identities: &[Identity], arguments: &[String], body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let share: [u8; 32] = STANDARD_NO_PAD.decode(arguments.get(1)?).ok()?.try_into().ok()?;
    let wrapped = STANDARD_NO_PAD.decode(body).ok().filter(|wrapped| wrapped.len() == 16 + TAG)?;
    identities.iter().find_map(|identity| {
        let key = wrapping(&identity.0, &share, &share, &identity.recipient().0)?;
        let mut wrapped = Zeroizing::new(wrapped.clone());
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let opened = key.open_in_place(nonce, Aad::empty(), &mut wrapped).ok()?.len();
        wrapped.truncate(opened);
        Some(wrapped)
    })
}

#[cfg(test)]
mod tests;
