import { ensure } from '../errors.js';
import type { EncodedSheet } from '../node/trace/sheetEncoder.js';
import type { TracedPicture } from '../trace/traceSink.js';

/** The longest side that WebP has room for (its header has 14 bits a side). */
const MAX_SIDE = 16383;

/** Pixels on the longer side of a thumbnail where nobody says otherwise. */
const THUMBNAIL = 208;

/** Pictures up to this size, on the longer side, are kept exactly: one pixel of them is looked at. */
const EXACT = 64;

const QUALITY = 80;

/** WebP's own scale from 0 (quick) to 6: a trace may not hold up the run. */
const EFFORT = 2;

/** Without losses: a twentieth of the time of the default, in no more bytes (measured on pictures of the toy world's kind). */
const EXACT_EFFORT = 0;

/**
 * Pictures of one size as one WebP, row by row from the left above, with no room between them. Those that are larger than
 * `most` on the longer side are made smaller. Up to 64 pixels they are kept exactly, else with losses (quality 80).
 * @param pictures at least one; what is transparent counts as opaque
 * @throws TokenTrimError where they differ in size, or are too many for one file
 */
export async function encodeSheet(pictures: readonly TracedPicture[], most = THUMBNAIL): Promise<EncodedSheet> {
  checkPictures(pictures);
  const { default: sharp } = await import('sharp'); // here, so that a run without a trace does not load it
  const [from] = pictures;
  const { width, height } = fitted(from, most);
  const count = pictures.length;
  const columns = columnsOf(count, width, height);
  const rows = Math.ceil(count / columns);
  const stride = columns * width * 3;
  const sheet = new Uint8Array(rows * height * stride); // [rows * height, columns * width, 3]
  await Promise.all(
    pictures.map(async ({ rgba }, index) => {
      const raw = { width: from.width, height: from.height, channels: 4 } as const;
      const rgb = await sharp(rgba, { raw }).removeAlpha().resize({ width, height, fit: 'fill' }).raw().toBuffer();
      const start = Math.floor(index / columns) * height * stride + (index % columns) * width * 3;
      for (let y = 0; y < height; y++) sheet.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), start + y * stride);
    }),
  );
  const isExact = Math.max(width, height) <= EXACT;
  const bytes = await sharp(sheet, { raw: { width: columns * width, height: rows * height, channels: 3 } })
    .webp(isExact ? { lossless: true, effort: EXACT_EFFORT } : { quality: QUALITY, effort: EFFORT })
    .toBuffer();
  return { bytes, count, columns, width, height };
}

/** The size at which pictures are kept. */
function fitted({ width, height }: TracedPicture, most: number): { width: number; height: number } {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** As many columns as make the sheet a square, nearly, within what a WebP has room for. */
function columnsOf(count: number, width: number, height: number): number {
  const mostColumns = Math.floor(MAX_SIDE / width);
  const mostRows = Math.floor(MAX_SIDE / height);
  ensure(
    count <= mostColumns * mostRows,
    `One file has room for ${mostColumns * mostRows} pictures of ${width}x${height}, found ${count}: hand them over in parts.`,
  );
  const square = Math.round(Math.sqrt((count * height) / width));
  return Math.max(1, Math.ceil(count / mostRows), Math.min(square, mostColumns, count));
}

function checkPictures(pictures: readonly TracedPicture[]): void {
  const [first] = pictures;
  ensure(first, 'A sheet needs at least one picture, found none.');
  for (const [index, { width, height, rgba }] of pictures.entries()) {
    ensure(
      width === first.width && height === first.height && rgba.byteLength === 4 * width * height,
      `Pictures of a sheet have one size: expected ${first.width}x${first.height} in ${4 * first.width * first.height} bytes, ` +
        `found picture ${index} of ${width}x${height} in ${rgba.byteLength}.`,
    );
  }
}
