//! The files of the run, and what their bytes must be. Every version of every file has bytes of its own, which can be
//! made again at any time: what arrives is compared with them, whole or in part.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use confluence_attachment_proxy::demo::{File, SampleConfluence};

use crate::chance::{Chance, mix};
use crate::support::PAGE;

/// How many files there are.
const COUNT: u64 = 400;

/// Versions of one file at most.
const VERSIONS_MAX: u64 = 6;

/// All files, and how many versions of each have been uploaded.
pub struct Files {
    versions: Vec<AtomicU64>,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct FileNumber(u64);

impl FileNumber {
    /// Its name on the page.
    pub fn name(self) -> String {
        format!("file {}.png", self.0)
    }

    /// Its address below the service.
    pub fn target(self) -> String {
        format!("/proxy/{PAGE}/file%20{}.png", self.0)
    }

    /// Whether it may differ in size from one version to the next: some keep theirs, which is harder to notice.
    fn size(self, version: u64) -> u64 {
        let version = if self.0.is_multiple_of(2) { version } else { 0 };
        let chance = mix(mix(self.0) ^ version);
        // Mostly up to some hundred kilobytes; one of sixteen up to 12 MB; a few empty.
        match chance % 16 {
            0 => chance / 16 % 12_000_000,
            1 => chance / 16 % 2,
            class => chance / 16 % (1 << (class + 3)),
        }
    }

    fn bytes(self, version: u64) -> Vec<u8> {
        self.part(version, 0..self.size(version))
    }

    /// The bytes of `range` of one version.
    fn part(self, version: u64, range: Range<u64>) -> Vec<u8> {
        let seed = mix(self.0 << 8 | version);
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize + 16);
        for word in range.start / 8..range.end.div_ceil(8) {
            bytes.extend_from_slice(&mix(seed ^ word).to_le_bytes());
        }
        bytes.drain(..(range.start % 8) as usize);
        bytes.truncate((range.end - range.start) as usize);
        bytes
    }
}

impl Files {
    /// Uploads the first version of every file.
    pub fn upload(to: &SampleConfluence) -> Files {
        let files = Files {
            versions: (0..COUNT).map(|_| AtomicU64::new(0)).collect(),
        };
        for number in 0..COUNT {
            files.put(to, FileNumber(number), 0);
        }
        files
    }

    /// Uploads a new version of a file, if it may have one.
    pub fn replace(&self, to: &SampleConfluence, number: FileNumber) {
        let version = self.versions[number.0 as usize].load(Ordering::SeqCst) + 1;
        if version < VERSIONS_MAX {
            // First, so that nobody meets a version that is not known yet.
            self.versions[number.0 as usize].store(version, Ordering::SeqCst);
            self.put(to, number, version);
        }
    }

    fn put(&self, to: &SampleConfluence, number: FileNumber, version: u64) {
        let file = File::new("image/png", number.bytes(version));
        // Some have an entity tag, as with older Data Centers.
        let file = if number.0.is_multiple_of(3) {
            file.with_etag()
        } else {
            file
        };
        to.put(PAGE, &number.name(), file);
    }

    /// One that people want, rather often one of the same few.
    pub fn choose(&self, chance: &mut Chance) -> FileNumber {
        FileNumber(chance.popular(COUNT))
    }

    /// Whether these are all bytes of some version.
    pub fn are_whole(&self, number: FileNumber, bytes: &[u8]) -> bool {
        self.versions(number).any(|version| {
            number.size(version) == bytes.len() as u64 && number.bytes(version) == bytes
        })
    }

    /// Whether some version begins with these bytes.
    pub fn are_start(&self, number: FileNumber, bytes: &[u8]) -> bool {
        self.are_some_part(number, 0, bytes)
    }

    /// Whether these are the bytes from `start` on of some version that has `size` in all.
    pub fn are_part(&self, number: FileNumber, start: u64, size: u64, bytes: &[u8]) -> bool {
        let range = start..start + bytes.len() as u64;
        self.versions(number).any(|version| {
            number.size(version) == size
                && range.end <= size
                && number.part(version, range.clone()) == bytes
        })
    }

    /// The same where the size is not known.
    pub fn are_some_part(&self, number: FileNumber, start: u64, bytes: &[u8]) -> bool {
        self.versions(number)
            .any(|version| self.are_part(number, start, number.size(version), bytes))
    }

    fn versions(&self, number: FileNumber) -> impl Iterator<Item = u64> {
        (0..=self.versions[number.0 as usize].load(Ordering::SeqCst)).rev()
    }
}
