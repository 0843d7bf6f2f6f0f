import type { Sharp } from 'sharp';

/** The size that pictures are brought to, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * A picture as the VAE wants it: scaled so that it covers the size, the rest cut off evenly at both sides (the official
 * code squeezes it to the size instead, which changes its proportions), by Lanczos. What is transparent becomes black,
 * and grey, palette, CMYK and 16-bit pictures become 8-bit sRGB.
 * @returns [height, width, 3], 0 ... 255
 */
export async function fitPicture(picture: Sharp, { width, height }: PictureSize): Promise<Uint8Array> {
  return picture
    .flatten({ background: 'black' })
    .resize({ width, height, fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
}
