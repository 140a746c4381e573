// Files that are made, not kept: pictures, a film, a long PDF.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32, deflateSync } from "node:zlib";

/** A PNG of one colour. */
export function png(width, height, [red, green, blue]) {
  const row = Buffer.concat([Buffer.from([0]), Buffer.from(Array(width).fill([red, green, blue]).flat())]);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(Array(height).fill(row)))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The checksum of PNG, for a node that has no `zlib.crc32` yet. */
function crc(bytes) {
  if (crc32) return crc32(bytes);
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

/** A PDF whose every page is a picture of noise: `pages` times 0.6 MB, none of which can be left out by packing. */
export function pdf(pages) {
  const [width, height] = [500, 400];
  const parts = [];
  const offsets = [];
  let length = 0;
  const put = (...pieces) => {
    for (const piece of pieces) {
      const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(piece, "latin1");
      parts.push(bytes);
      length += bytes.length;
    }
  };
  const object = (number, ...pieces) => {
    offsets[number] = length;
    put(`${number} 0 obj\n`, ...pieces, "\nendobj\n");
  };
  const first = (page) => 3 + page * 3;
  put("%PDF-1.4\n");
  object(1, "<</Type/Catalog/Pages 2 0 R>>");
  const kids = Array.from({ length: pages }, (_, page) => `${first(page)} 0 R`).join(" ");
  object(2, `<</Type/Pages/Count ${pages}/Kids[${kids}]>>`);
  for (let page = 0; page < pages; page += 1) {
    const number = first(page);
    object(number, `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents ${number + 1} 0 R`
      + `/Resources<</XObject<</I ${number + 2} 0 R>>>>>>`);
    const drawing = `${width} 0 0 ${height} 0 0 cm /I Do`;
    object(number + 1, `<</Length ${drawing.length}>>stream\n${drawing}\nendstream`);
    const noise = randomBytes(width * height * 3);
    object(number + 2, `<</Type/XObject/Subtype/Image/Width ${width}/Height ${height}/BitsPerComponent 8`
      + `/ColorSpace/DeviceRGB/Length ${noise.length}>>stream\n`, noise, "\nendstream");
  }
  const start = length;
  const entries = offsets.slice(1).map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`);
  put(`xref\n0 ${offsets.length}\n0000000000 65535 f \n${entries.join("")}`);
  put(`trailer<</Size ${offsets.length}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  return Buffer.concat(parts);
}

/** A film of a minute with noise in it, some 12 MB: more than a browser loads ahead. */
export function film(file) {
  execFileSync("ffmpeg", [
    "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=480x270:rate=10:duration=60", "-vf", "noise=alls=40:allf=t",
    "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "1600k", "-minrate", "1600k", "-g", "20", "-pix_fmt", "yuv420p",
    "-movflags", "+faststart", "-y", file,
  ]);
}

/** Writes a file of a page below `directory`. */
export function put(directory, page, name, bytes) {
  mkdirSync(path.join(directory, String(page)), { recursive: true });
  const file = path.join(directory, String(page), name);
  if (bytes) writeFileSync(file, bytes);
  return file;
}
