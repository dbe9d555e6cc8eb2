//! [`SecretStore`] on a folder, for `waybill serve`: one file a secret, mode 0600.
//!
//! A file holds the secret's plain text, so that a person can read and write it. Its version is a digest of the text.
//! `NAME~` holds the value before the last one. Writers take turns by a lock file; a reader never sees half a value,
//! because a value is written beside its place, flushed, and then renamed.

use super::store::{SecretName, SecretStore, SecretVersion, StoreFault, Stored};
use crate::domain::clock::Entropy;
use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use ring::digest;
use rustix::fs::{FlockOperation, flock};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Secrets Manager's limit; a larger file is no secret of ours.
const LARGEST: u64 = 65_536;

/// A folder of secrets.
#[derive(Clone, Debug)]
pub struct SecretFolder {
    root: PathBuf,
    entropy: Entropy,
}

impl SecretFolder {
    /// A store on this folder; it is made when the first secret is.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, entropy: Entropy) -> Self {
        Self { root: root.into(), entropy }
    }

    /// Runs file work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        name: &SecretName,
        work: impl FnOnce(&Self, &SecretName) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (this, owned) = (self.clone(), name.clone());
        let done = tokio::task::spawn_blocking(move || work(&this, &owned)).await;
        let name = name.clone();
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Trouble::Mode { path, mode, right })) => Err(StoreFault::Refused {
                name,
                problem: format!("{} is open to others (mode {mode:03o}); run: chmod {right} {0}", path.display(),),
            }),
            Ok(Err(Trouble::TooLarge)) => {
                Err(StoreFault::Refused { name, problem: format!("its file is larger than {LARGEST} bytes") })
            }
            Ok(Err(Trouble::NotText)) => Err(StoreFault::Refused { name, problem: "its file is not UTF-8".to_owned() }),
            Ok(Err(Trouble::Io(e))) if e.kind() == ErrorKind::NotFound => Err(StoreFault::Missing { name }),
            Ok(Err(Trouble::Io(e))) if e.kind() == ErrorKind::PermissionDenied => {
                Err(StoreFault::Refused { name, problem: "its file belongs to somebody else".to_owned() })
            }
            Ok(Err(Trouble::Io(e))) => Err(StoreFault::Unavailable { name, source: e.into() }),
            Err(e) => Err(StoreFault::Unavailable { name, source: e.into() }),
        }
    }

    fn current(&self, name: &SecretName) -> PathBuf {
        self.root.join(name.as_str())
    }

    /// `~` is in no name, so this is never another secret's place.
    fn previous(&self, name: &SecretName) -> PathBuf {
        self.root.join(format!("{name}~"))
    }

    fn read(&self, path: &Path) -> Result<Zeroizing<String>, Trouble> {
        let mode = fs::metadata(&self.root)?.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(Trouble::Mode { path: self.root.clone(), mode, right: "700" });
        }
        let mut file = File::open(path)?;
        // Asked of the open file, so that nobody can swap it in between.
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::from(ErrorKind::NotFound).into());
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Trouble::Mode { path: path.to_owned(), mode, right: "600" });
        }
        if metadata.len() > LARGEST {
            return Err(Trouble::TooLarge);
        }
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(metadata.len()).unwrap_or_default()));
        match (&mut file).take(LARGEST).read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(e) if e.kind() == ErrorKind::InvalidData => Err(Trouble::NotText),
            Err(e) => Err(e.into()),
        }
    }

    /// Makes the folder of a name and takes the writers' lock, held until the file is closed.
    fn lock(&self, name: &SecretName) -> Result<File, Trouble> {
        let folder = self.current(name).parent().map_or_else(|| self.root.clone(), Path::to_owned);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.root.join(".lock"))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        Ok(lock)
    }

    /// A flushed file beside its later place.
    fn write_beside(&self, path: &Path, text: &str) -> io::Result<PathBuf> {
        let beside = path.with_file_name(format!(".{}", HEXLOWER.encode(&self.entropy.bytes::<8>())));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if let Err(e) = written {
            let _ = fs::remove_file(&beside);
            return Err(e);
        }
        Ok(beside)
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let beside = self.write_beside(path, text)?;
        fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))?;
        flush_folder(path)
    }
}

impl SecretStore for SecretFolder {
    fn get<'a>(
        &'a self,
        name: &'a SecretName,
        version: Option<&'a SecretVersion>,
    ) -> BoxFuture<'a, Result<Stored, StoreFault>> {
        let version = version.cloned();
        Box::pin(self.blocking(name, move |this, name| {
            let text = this.read(&this.current(name))?;
            let Some(wanted) = version else { return Ok(stored(text)) };
            if version_of(&text) == wanted {
                return Ok(stored(text));
            }
            let text = this.read(&this.previous(name))?;
            if version_of(&text) == wanted {
                Ok(stored(text))
            } else {
                Err(io::Error::from(ErrorKind::NotFound).into())
            }
        }))
    }

    fn put<'a>(
        &'a self,
        name: &'a SecretName,
        text: &'a SecretString,
    ) -> BoxFuture<'a, Result<SecretVersion, StoreFault>> {
        let text = text.clone();
        Box::pin(self.blocking(name, move |this, name| {
            let _lock = this.lock(name)?;
            let version = version_of(text.expose_secret());
            match this.read(&this.current(name)) {
                Ok(old) if version_of(&old) == version => return Ok(version),
                Ok(old) => this.replace(&this.previous(name), &old)?,
                Err(Trouble::Io(e)) if e.kind() == ErrorKind::NotFound => {}
                Err(trouble) => return Err(trouble),
            }
            this.replace(&this.current(name), text.expose_secret())?;
            Ok(version)
        }))
    }

    fn create<'a>(&'a self, name: &'a SecretName, text: &'a SecretString) -> BoxFuture<'a, Result<bool, StoreFault>> {
        let text = text.clone();
        Box::pin(self.blocking(name, move |this, name| {
            let _lock = this.lock(name)?;
            let path = this.current(name);
            if path.try_exists()? {
                return Ok(false);
            }
            this.replace(&path, text.expose_secret())?;
            Ok(true)
        }))
    }

    fn remove<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(self.blocking(name, move |this, name| {
            let _lock = this.lock(name)?;
            for path in [this.previous(name), this.current(name)] {
                match fs::remove_file(&path) {
                    Err(e) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
                    _ => {}
                }
            }
            Ok(flush_folder(&this.current(name))?)
        }))
    }
}

enum Trouble {
    Mode { path: PathBuf, mode: u32, right: &'static str },
    TooLarge,
    NotText,
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// A rename survives a power cut only when its folder is flushed too.
fn flush_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn stored(text: Zeroizing<String>) -> Stored {
    Stored { version: version_of(&text), text: SecretString::from(text.as_str()) }
}

/// Half a SHA-256: enough to tell values of one secret apart, and it tells nothing of a random key.
fn version_of(text: &str) -> SecretVersion {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    SecretVersion::new(HEXLOWER.encode(digest.as_ref().get(..16).unwrap_or_default().as_ref()))
}
