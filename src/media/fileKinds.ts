/** What can be done with a file that is neither picture nor video for this program. */
export type KindGroup = 'picture' | 'drawing' | 'video' | 'sound' | 'pointer' | 'page' | 'other';

export interface FileKind {
  readonly name: string;
  readonly group: KindGroup;
}

/** First bytes, as text in Latin-1 (`?` is any byte), of files that are not read here; from their own specifications. */
const SIGNATURES: readonly [group: KindGroup, name: string, at: number, ...starts: string[]][] = [
  ['picture', 'a BMP picture', 0, 'BM????\0\0\0\0'],
  ['picture', 'a Photoshop document', 0, '8BPS\0\x01', '8BPS\0\x02'],
  ['picture', 'a JPEG XL picture', 0, '\xff\x0a', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['picture', 'a JPEG 2000 picture', 0, '\0\0\0\x0cjP  \r\n\x87\n', '\xff\x4f\xff\x51'],
  ['picture', 'an icon (ICO)', 0, '\0\0\x01\0', '\0\0\x02\0'],
  ['picture', 'an OpenEXR picture', 0, 'v/1\x01'],
  ['picture', 'a Radiance HDR picture', 0, '#?RADIANCE', '#?RGBE'],
  ['picture', 'a DPX picture', 0, 'SDPX', 'XPDS'],
  ['picture', 'a DDS texture', 0, 'DDS |\0\0\0'],
  ['picture', 'a GIMP picture (XCF)', 0, 'gimp xcf'],
  ['picture', 'a Krita or OpenRaster picture', 30, 'mimetypeapplication/x-krita', 'mimetypeimage/openraster'],
  ['picture', 'a QOI picture', 0, 'qoif'],
  [
    'picture',
    'a PNM picture (PBM, PGM, PPM, PAM)',
    0,
    ...[...'1234567'].flatMap((digit) => [`P${digit}\n`, `P${digit} `]),
  ],
  ['picture', 'an SGI picture', 0, '\x01\xda\0', '\x01\xda\x01'],
  ['picture', 'a JPEG XR picture', 0, 'II\xbc'],
  ['picture', 'a FITS picture', 0, 'SIMPLE  ='],
  ['picture', 'a DICOM picture', 128, 'DICM'],
  ['picture', 'a camera RAW picture (Canon)', 0, 'II*\0????CR', 'II\x1a\0\0\0HEAPCCDR'],
  ['picture', 'a camera RAW picture (Olympus)', 0, 'IIRO', 'IIRS', 'MMOR'],
  ['picture', 'a camera RAW picture (Panasonic)', 0, 'IIU\0'],
  ['picture', 'a camera RAW picture (Fujifilm)', 0, 'FUJIFILMCCD-RAW'],
  ['picture', 'a camera RAW picture (Sigma)', 0, 'FOVb'],
  ['picture', 'a camera RAW picture (Minolta)', 0, '\0MRM'],
  ['drawing', 'a PDF document', 0, '%PDF-'],
  ['drawing', 'a PostScript document', 0, '%!PS', '\xc5\xd0\xd3\xc6'],
  ['video', 'an AVI video', 0, 'RIFF????AVI ', 'RIFF????AVIX'],
  ['video', 'a Flash video (FLV)', 0, 'FLV\x01'],
  ['video', 'a Windows Media file (WMV, ASF)', 0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11'],
  ['video', 'an MPEG program stream (MPG, VOB)', 0, '\0\0\x01\xba'],
  ['video', 'an MPEG video without a container', 0, '\0\0\x01\xb3'],
  ['video', 'a RealMedia file', 0, '.RMF'],
  ['video', 'an MXF video', 0, '\x06\x0e\x2b\x34\x02\x05\x01\x01'],
  ['video', 'raw video (Y4M)', 0, 'YUV4MPEG2'],
  ['video', 'an IVF video', 0, 'DKIF'],
  ['video', 'a NUT video', 0, 'nut/multimedia container'],
  ['video', 'H.264 or HEVC without a container', 0, '\0\0\0\x01', '\0\0\x01\x67', '\0\0\x01\x40'],
  ['video', 'an Ogg file (sound, or Theora video)', 0, 'OggS'],
  ['sound', 'a WAV sound file', 0, 'RIFF????WAVE', 'RF64????WAVE'],
  ['sound', 'an MP3 sound file', 0, 'ID3', '\xff\xfb', '\xff\xf3', '\xff\xf2'],
  ['sound', 'a FLAC sound file', 0, 'fLaC'],
  ['sound', 'an AIFF sound file', 0, 'FORM????AIF'],
  ['sound', 'a MIDI file', 0, 'MThd'],
  ['pointer', 'a Git LFS pointer', 0, 'version https://git-lfs.github.com/spec/'],
  ['other', 'a zip archive', 0, 'PK\x03\x04', 'PK\x05\x06'],
  [
    'other',
    'a compressed archive',
    0,
    '\x1f\x8b',
    'BZh',
    '\xfd7zXZ\0',
    '7z\xbc\xaf\x27\x1c',
    'Rar!\x1a\x07',
    '\x28\xb5\x2f\xfd',
  ],
  ['other', 'a tar archive', 257, 'ustar'],
  ['other', 'a GGUF model', 0, 'GGUF'],
  ['other', 'a safetensors file', 8, '{"'],
  ['other', 'a NumPy file', 0, '\x93NUMPY'],
  ['other', 'a HDF5 file', 0, '\x89HDF\r\n\x1a\n'],
  ['other', 'a program', 0, '\x7fELF', 'MZ'],
];

/** HEIF brands: ISO/IEC 23008-12, and what phones write. */
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'];

export const HEIC: FileKind = { name: 'a HEIC picture (HEVC)', group: 'picture' };

/**
 * What a file is that begins with these bytes, of the kinds that are not read here; undefined for all others.
 * @param head 4 KiB, or the whole file where it is shorter
 */
export function fileKind(head: Buffer): FileKind | undefined {
  const text = head.toString('latin1');
  if (BOXES.includes(text.slice(4, 8))) return boxKind(text);
  for (const [group, name, at, ...starts] of SIGNATURES) {
    if (starts.some((start) => matches(text, at, start))) return { name, group };
  }
  const isTransport = [0, 188, 376].every((at) => head[at] === 0x47);
  if (isTransport && !text.startsWith('GIF8')) return TRANSPORT;
  const stamped = [4, 196, 388].every((at) => head[at] === 0x47); // with a time before each packet, as cameras write
  return stamped ? TRANSPORT : textKind(head);
}

/** First boxes of MP4 and QuickTime files. */
const BOXES = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot'];

function boxKind(text: string): FileKind | undefined {
  if (!text.startsWith('ftyp', 4)) return undefined;
  const size = Buffer.from(text.slice(0, 4), 'latin1').readUInt32BE();
  const brands: readonly string[] = text.slice(8, Math.min(size, 256)).match(/[\s\S]{4}/g) ?? [];
  if (brands[0] === 'crx ') return { name: 'a camera RAW picture (Canon)', group: 'picture' };
  const [major = ''] = brands;
  if (!['mif1', 'msf1', 'avci', ...HEIC_BRANDS].includes(major) || brands.includes('avif')) return undefined;
  if (brands.some((brand) => HEIC_BRANDS.includes(brand))) return HEIC;
  return brands.includes('avci') ? { name: 'a HEIF picture (H.264)', group: 'picture' } : undefined;
}

const TRANSPORT: FileKind = { name: 'an MPEG transport stream (TS, MTS)', group: 'video' };

function matches(text: string, at: number, start: string): boolean {
  for (let index = 0; index < start.length; index++) {
    if (start[index] !== '?' && start[index] !== text[at + index]) return false;
  }
  return true;
}

/** SVG and other text; a character that was cut by the end of the head is none the less text. */
function textKind(head: Buffer): FileKind | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    return undefined;
  }
  if (text === '' || text.includes('\0')) return undefined;
  if (/^\s*(<\?xml[\s\S]*?|<!--[\s\S]*?|<!doctype svg[\s\S]*?)?<svg[\s>]/i.test(text))
    return { name: 'a drawing (SVG)', group: 'drawing' };
  if (/^\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body)[\s>]/i.test(text))
    return { name: 'a web page', group: 'page' };
  return { name: 'text', group: 'other' };
}
