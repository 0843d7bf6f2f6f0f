import type { VideoFrame } from '@napi-rs/webcodecs';
import type { InputVideoTrack } from 'mediabunny';
import sharp, { type Sharp } from 'sharp';
import type { CodedColor } from './codedColor/codedColor.js';
import { fitPicture, type PictureSize } from './fitPicture.js';
import { checkFormat, planesToRgb } from './readVideoColor.js';
import { type ColorRule, unusualPixels } from './videoColor.js';

/** How a track's pictures are shown: the size that makes their pixels square, then turned clockwise, then mirrored. */
export interface Presentation extends PictureSize {
  readonly rotation: number;
  readonly flip: boolean;
}

export async function presentation(track: InputVideoTrack): Promise<Presentation> {
  return {
    width: await track.getSquarePixelWidth(),
    height: await track.getSquarePixelHeight(),
    rotation: await track.getRotation(),
    flip: await track.getFlip(),
  };
}

/**
 * A decoded picture as it is shown, at the wanted size.
 * @returns [size.height, size.width, 3], 0 ... 255
 * @throws TokenTrimError where the decoder does not hand over its pixels as they are
 */
export async function decodedPicture(
  frame: VideoFrame,
  path: string,
  { coded, rule }: { coded: CodedColor; rule: ColorRule },
  shown: Presentation,
  size: PictureSize,
): Promise<Uint8Array> {
  const { codedWidth: width, codedHeight: height } = frame;
  const format = frame.format ?? 'unknown';
  checkFormat(format, coded, path);
  const data = new Uint8Array(frame.allocationSize());
  const planes = await frame.copyTo(data).catch((error: unknown) => {
    throw coded.chroma === '4:0:0' ? unusualPixels(path, 'grey alone (4:0:0)') : error; // it has no planes of chroma
  });
  const rgb = planesToRgb({ format, width, height, data, planes, ...rule });
  let picture = sharp(rgb, { raw: { width, height, channels: 3 } });
  if (shown.width !== width || shown.height !== height) {
    picture = await rawPicture(picture.resize({ width: shown.width, height: shown.height, fit: 'fill' }));
  }
  if (shown.rotation !== 0) picture = await rawPicture(picture.rotate(shown.rotation));
  if (shown.flip) picture = await rawPicture(picture.flop());
  return fitPicture(picture, size);
}

/** The result of one step: sharp has its own order for several. */
async function rawPicture(picture: Sharp): Promise<Sharp> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}
