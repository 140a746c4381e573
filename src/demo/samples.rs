//! The files of the demonstration: small, real, and named as people name theirs.

/// A page of the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct SamplePage {
    /// Its content id.
    pub id: u64,
    /// The key of its space.
    pub space: &'static str,
    /// Its title, part of addresses by title.
    pub title: &'static str,
}

/// A file of the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The page it hangs on.
    pub page: u64,
    /// Its name there.
    pub name: &'static str,
    /// The uploader's word for its type.
    pub media_type: &'static str,
    /// What it shows, in English.
    pub title_en: &'static str,
    /// What it shows, in Chinese.
    pub title_zh: &'static str,
    bytes: &'static [u8],
}

impl Sample {
    /// The file itself.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

/// The pages that the samples hang on.
pub fn sample_pages() -> &'static [SamplePage] {
    &PAGES
}

/// All samples, in the order in which a page should show them.
pub fn samples() -> &'static [Sample] {
    &SAMPLES
}

const DESIGN: u64 = 65_601;
const MEDIA: u64 = 65_602;
const RELEASE: u64 = 65_603;

static PAGES: [SamplePage; 3] = [
    SamplePage {
        id: DESIGN,
        space: "DEMO",
        title: "架构设计 Architecture",
    },
    SamplePage {
        id: MEDIA,
        space: "DEMO",
        title: "Pictures and sounds",
    },
    SamplePage {
        id: RELEASE,
        space: "DEMO",
        title: "Release 2.0 (final)",
    },
];

static SAMPLES: [Sample; 11] = [
    Sample {
        page: DESIGN,
        name: "架构图 v2.png",
        media_type: "image/png",
        title_en: "Architecture diagram (PNG)",
        title_zh: "架构图（PNG）",
        bytes: include_bytes!("samples/architecture.png"),
    },
    Sample {
        page: DESIGN,
        name: "a+b=100%.png",
        media_type: "image/png",
        title_en: "Chart of cache hits (PNG)",
        title_zh: "缓存命中率图表（PNG）",
        bytes: include_bytes!("samples/chart.png"),
    },
    Sample {
        page: DESIGN,
        name: "image2019-9-13 11:51:31.png",
        media_type: "image/png",
        title_en: "Pasted screenshot (PNG)",
        title_zh: "粘贴的截图（PNG）",
        bytes: include_bytes!("samples/screenshot.png"),
    },
    Sample {
        page: DESIGN,
        name: "floor plan #3.svg",
        media_type: "image/svg+xml",
        title_en: "Floor plan (SVG)",
        title_zh: "平面图（SVG）",
        bytes: include_bytes!("samples/floor-plan.svg"),
    },
    Sample {
        page: MEDIA,
        name: "山谷晨光 valley.jpg",
        media_type: "image/jpeg",
        title_en: "Morning in the valley (JPEG)",
        title_zh: "山谷晨光（JPEG）",
        bytes: include_bytes!("samples/valley.jpg"),
    },
    Sample {
        page: MEDIA,
        name: "orbits & moons.gif",
        media_type: "image/gif",
        title_en: "Moons on their orbits (animated GIF)",
        title_zh: "卫星轨道（GIF 动画）",
        bytes: include_bytes!("samples/orbits.gif"),
    },
    Sample {
        page: MEDIA,
        name: "操作演示 (short).webm",
        media_type: "video/webm",
        title_en: "Waves at dusk (video, WebM)",
        title_zh: "黄昏的海浪（视频，WebM）",
        bytes: include_bytes!("samples/waves.webm"),
    },
    Sample {
        page: MEDIA,
        name: "chime.mp3",
        media_type: "audio/mpeg",
        title_en: "A chime (sound, MP3)",
        title_zh: "提示音（音频，MP3）",
        bytes: include_bytes!("samples/chime.mp3"),
    },
    Sample {
        page: RELEASE,
        name: "release notes (final).pdf",
        media_type: "application/pdf",
        title_en: "Release notes, two pages (PDF)",
        title_zh: "发布说明，两页（PDF）",
        bytes: include_bytes!("samples/release-notes.pdf"),
    },
    Sample {
        page: RELEASE,
        name: "configs;2024.zip",
        media_type: "application/zip",
        title_en: "Two configuration files (ZIP)",
        title_zh: "两个配置文件（ZIP）",
        bytes: include_bytes!("samples/configs.zip"),
    },
    Sample {
        page: RELEASE,
        name: "更新日志.txt",
        media_type: "text/plain",
        title_en: "Changelog (plain text)",
        title_zh: "更新日志（纯文本）",
        bytes: include_bytes!("samples/changelog.txt"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// They are part of the program, so they may not grow without somebody noticing.
    const SAMPLES_BYTES_MAX: usize = 350 * 1024;

    #[test]
    fn the_samples_are_small_and_what_they_claim_to_be() {
        let size: usize = samples().iter().map(|sample| sample.bytes().len()).sum();
        assert!(size <= SAMPLES_BYTES_MAX, "{size} bytes");
        for sample in samples() {
            let start: &[u8] = match sample.media_type {
                "image/png" => b"\x89PNG\r\n\x1a\n",
                "image/jpeg" => b"\xff\xd8\xff",
                "image/gif" => b"GIF89a",
                "image/svg+xml" => b"<svg",
                "video/webm" => b"\x1a\x45\xdf\xa3",
                "audio/mpeg" => b"ID3",
                "application/pdf" => b"%PDF-",
                "application/zip" => b"PK\x03\x04",
                "text/plain" => "更新日志".as_bytes(),
                other => panic!("no sample should be of type {other}"),
            };
            let name = sample.name;
            assert!(sample.bytes().starts_with(start), "name: {name}");
            let page = sample_pages().iter().find(|page| page.id == sample.page);
            assert!(page.is_some(), "name: {name}");
        }
    }
}
