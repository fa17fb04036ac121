//! A small disk that can be filled. Mounting it requires root.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// A mounted tmpfs, unmounted when dropped.
#[derive(Debug)]
pub struct Tmpfs {
    path: PathBuf,
}

impl Tmpfs {
    /// Mounts a tmpfs of a size (as for `mount`) at a new folder.
    ///
    /// # Errors
    /// Mounting is not permitted, or there is no `mount`.
    pub fn mount(path: &Path, size: &str) -> anyhow::Result<Self> {
        fs::create_dir(path)?;
        let mut command = Command::new("mount");
        let command = command.args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "parlor-faults"]).arg(path);
        let output = command.output().context("mounting a small tmpfs")?;
        if !output.status.success() {
            bail!("mounting a small tmpfs: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Mount point.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it completely.
    ///
    /// # Errors
    /// Any I/O error except a full disk.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.path.join("ballast"))?;
        // In smaller and smaller pieces, down to a page.
        for size in [1 << 20, 1 << 16, 1 << 12] {
            let piece = vec![0; size];
            loop {
                match file.write(&piece) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Frees the space.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn empty(&self) -> anyhow::Result<()> {
        match fs::remove_file(self.path.join("ballast")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily, because an exiting server may still use it.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
