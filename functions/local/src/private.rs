//! What lies in an installation's folder is its owner's alone: mails sign people in, the table names them.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// Rights of a folder.
const FOLDER: u32 = 0o700;
/// Rights of a file.
const FILE: u32 = 0o600;
/// The folder of the keys.
pub const SECRETS: &str = "secrets";
/// An installation has `secrets/PREFIX/kek`, and prefixes may have parts of their own.
const DEEPEST: usize = 8;

/// Makes a folder that only its owner may enter. One that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)
}

/// Takes the rights of everybody else away from the folder and all that is in it; says how many were open.
///
/// # Errors
/// When something belongs to somebody else, so that its rights cannot be changed.
pub fn close(folder: &Path) -> io::Result<usize> {
    close_at(folder, DEEPEST)
}

fn close_at(path: &Path, depth: usize) -> io::Result<usize> {
    let about = path.symlink_metadata()?;
    // What a link leads to is not ours to change.
    if about.is_symlink() || depth == 0 {
        return Ok(0);
    }
    let mut closed = 0;
    if about.mode() & 0o077 != 0 {
        let rights = if about.is_dir() { FOLDER } else { FILE };
        std::fs::set_permissions(path, Permissions::from_mode(rights))?;
        closed += 1;
    }
    if about.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            // Whoever could read a key has it: its store refuses an open one instead, and a person must hear of it.
            if depth == DEEPEST && entry.file_name() == SECRETS {
                continue;
            }
            match close_at(&entry.path(), depth - 1) {
                // Files of a table come and go while it is in use.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => closed += other?,
            }
        }
    }
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("there").mode() & 0o777
    }

    #[test]
    fn everything_in_the_folder_becomes_its_owners_alone_and_what_a_link_leads_to_stays() {
        let outside = tempfile::tempdir().expect("a folder");
        let other = outside.path().join("other");
        std::fs::write(&other, "x").expect("written");
        std::fs::set_permissions(&other, Permissions::from_mode(0o644)).expect("set");
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("data");
        std::fs::create_dir_all(folder.join("mail")).expect("made");
        for file in ["table.db", "mail/1.eml"] {
            std::fs::write(folder.join(file), "x").expect("written");
            std::fs::set_permissions(folder.join(file), Permissions::from_mode(0o664)).expect("set");
        }
        for open in [folder.clone(), folder.join("mail")] {
            std::fs::set_permissions(open, Permissions::from_mode(0o755)).expect("set");
        }
        std::os::unix::fs::symlink(&other, folder.join("link")).expect("linked");
        assert_eq!(close(&folder).expect("closed"), 4);
        assert_eq!((mode(&folder), mode(&folder.join("mail"))), (0o700, 0o700));
        assert_eq!((mode(&folder.join("table.db")), mode(&folder.join("mail/1.eml"))), (0o600, 0o600));
        assert_eq!(mode(&other), 0o644);
        assert_eq!(close(&folder).expect("closed"), 0, "nothing is left to close");
    }
}
