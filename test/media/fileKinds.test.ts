import { describe, expect, test } from 'vitest';
import { fileKind } from '../../src/media/fileKinds.js';

const bytes = (text: string, length = 600) =>
  Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(Math.max(0, length - text.length), 0x91)]);
const ftyp = (...brands: string[]) =>
  bytes(`\0\0\0${String.fromCharCode(8 + 4 * (brands.length + 1))}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`);
const packets = (start: number, size: number) => {
  const data = Buffer.alloc(1000, 0x11);
  for (let at = start; at < 1000; at += size) data[at] = 0x47;
  return data;
};

describe('what is not read here', () => {
  test.each([
    ['a HEIC picture (HEVC)', ftyp('heic', 'mif1', 'heic')],
    ['a HEIC picture (HEVC)', ftyp('mif1', 'heix')],
    ['a HEIC picture (HEVC)', ftyp('msf1', 'hevc')],
    ['a HEIF picture (H.264)', ftyp('avci', 'mif1', 'avci')],
    ['a camera RAW picture (Canon)', ftyp('crx ', 'crx ', 'isom')],
    ['a camera RAW picture (Canon)', bytes('II*\0\x10\0\0\0CR\x02\0')],
    ['a Photoshop document', bytes('8BPS\0\x01')],
    ['a BMP picture', bytes('BM\x36\x10\0\0\0\0\0\0\x36')],
    ['a JPEG XL picture', bytes('\xff\x0a\xfa\x1f')],
    ['a JPEG 2000 picture', bytes('\0\0\0\x0cjP  \r\n\x87\n')],
    ['an icon (ICO)', bytes('\0\0\x01\0\x01\0')],
    ['a PDF document', bytes('%PDF-1.7\n')],
    ['an AVI video', bytes('RIFF\x10\x20\0\0AVI LIST')],
    ['a WAV sound file', bytes('RIFF\x10\x20\0\0WAVEfmt ')],
    ['a Flash video (FLV)', bytes('FLV\x01\x05')],
    ['a Windows Media file (WMV, ASF)', bytes('\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9')],
    ['an MPEG transport stream (TS, MTS)', packets(0, 188)],
    ['an MPEG transport stream (TS, MTS)', packets(4, 192)],
    ['an MPEG program stream (MPG, VOB)', bytes('\0\0\x01\xba\x44')],
    ['an Ogg file (sound, or Theora video)', bytes('OggS\0\x02')],
    ['H.264 or HEVC without a container', bytes('\0\0\0\x01\x67\x64')],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n')],
    ['a web page', Buffer.from('\n<!DOCTYPE html>\n<html lang="en">')],
    ['a web page', Buffer.from('<HTML><head>')],
    [
      'a drawing (SVG)',
      Buffer.from('<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg">'),
    ],
    ['text', Buffer.from('{"error": "not found"}')],
    ['a zip archive', bytes('PK\x03\x04\x14\0')],
    ['a tar archive', bytes(`${'a'.repeat(257)}ustar`)],
  ])('%s', (name, head) => {
    expect(fileKind(head)?.name).toBe(name);
  });
});

describe('what is read, or nothing known', () => {
  test.each([
    ['png', bytes('\x89PNG\r\n\x1a\n')],
    ['jpeg', bytes('\xff\xd8\xff\xe0')],
    ['webp', bytes('RIFF\x10\x20\0\0WEBPVP8 ')],
    ['gif', bytes('GIF89a')],
    ['tiff', bytes('II*\0\x08\0\0\0\0\0\0\0')],
    ['avif', ftyp('avif', 'mif1', 'miaf')],
    ['avif by its other brands', ftyp('mif1', 'avif')],
    ['mp4', ftyp('isom', 'iso2', 'avc1')],
    ['mov', ftyp('qt  ')],
    ['an mp4 whose first box is 256 bytes long', bytes('\0\0\x01\0ftypisom')],
    ['a mov whose data comes first, with a long size', bytes('\0\0\0\x01mdat\0\0\0\0\0\x10\0\0')],
    ['matroska', bytes('\x1a\x45\xdf\xa3')],
    ['noise', bytes('\x93\x12\xf0\x00\xc1')],
    ['nothing', Buffer.alloc(0)],
  ])('%s', (_, head) => {
    expect(fileKind(head)).toBeUndefined();
  });
});
