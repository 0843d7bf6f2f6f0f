import { ensure, TokenTrimError } from '../errors.js';
import type { CodedColor } from './codedColor/codedColor.js';

/** Luma's shares of red and blue by the names of WebCodecs, and two that it has no name for: ITU-T H.273, table 4. */
const LUMA_SHARES: Record<string, readonly [red: number, blue: number]> = {
  bt709: [0.2126, 0.0722],
  fcc: [0.3, 0.11],
  bt470bg: [0.299, 0.114],
  smpte170m: [0.299, 0.114],
  smpte240m: [0.212, 0.087],
  'bt2020-ncl': [0.2627, 0.0593],
};

/** H.273's numbers of matrices; 2 is "unspecified", 3 is reserved and was never used. */
const MATRICES: Record<number, string | undefined> = {
  ...{ 0: 'rgb', 1: 'bt709', 2: undefined, 3: undefined, 4: 'fcc', 5: 'bt470bg', 6: 'smpte170m', 7: 'smpte240m' },
  ...{ 8: 'ycgco', 9: 'bt2020-ncl', 10: 'bt2020-cl', 11: 'ydzdx', 12: 'chroma-derived-ncl', 13: 'chroma-derived-cl' },
  ...{ 14: 'ictcp', 15: 'ipt-c2', 16: 'ycgco-re', 17: 'ycgco-ro' },
};

/** Transfer characteristics, by number and by WebCodecs' names, whose pictures look nothing like sRGB when taken for it. */
const TRANSFERS: Record<number | string, string> = {
  ...{ 8: 'linear light', linear: 'linear light', 9: 'logarithmic', 10: 'logarithmic' },
  ...{ 16: 'HDR (PQ)', pq: 'HDR (PQ)', 17: 'SMPTE ST 428', 18: 'HDR (HLG)', hlg: 'HDR (HLG)' },
};

/** What a container, or mediabunny on its behalf, says: names of WebCodecs, or H.273's numbers where it has no name. */
export interface NamedColor {
  readonly matrix?: string | number | null;
  readonly transfer?: string | number | null;
  readonly fullRange?: boolean | null;
}

/** How to come from luma and chroma to RGB. */
export interface ColorRule {
  /** Luma's shares of red and blue. */
  readonly shares: readonly [red: number, blue: number];
  readonly fullRange: boolean;
}

/**
 * The colours of a video by its container and its own bitstream: where both name a matrix, the container's; where neither
 * does, what players assume: BT.709 from 720 lines on, BT.601 below, limited range.
 * @throws TokenTrimError where either names colours that are not these sums of red, green and blue, or need tone mapping
 */
export function chooseColor(container: NamedColor, coded: CodedColor, height: number, path: string): ColorRule {
  const transfer = [container.transfer, coded.transfer].map((value) => TRANSFERS[value ?? '']).find(Boolean);
  ensure(!transfer, () =>
    refusal(path, `its brightness is ${transfer}, which would come out pale or dark`, toneMap(path)),
  );
  const named = [container.matrix, coded.matrix].map(matrixName).filter((name) => name !== undefined);
  const odd = named.find((name) => !(name in LUMA_SHARES));
  ensure(odd === undefined, () => {
    const planes = odd === 'rgb' ? ' (planes of green, blue and red)' : '';
    return refusal(
      path,
      `its colours have the matrix '${odd}'${planes}, expected one of ${KNOWN}`,
      convertColor(path, odd === 'rgb' ? SCALE : ZIMG),
    );
  });
  const matrix = named[0] ?? (height >= 720 ? 'bt709' : 'smpte170m');
  return { shares: LUMA_SHARES[matrix], fullRange: container.fullRange ?? coded.fullRange ?? false };
}

const KNOWN = Object.keys(LUMA_SHARES).join(', ');

/** The error for pixels that the decoder does not hand over as they are. @param pixels what they are */
export function unusualPixels(path: string, pixels: string): TokenTrimError {
  return new TokenTrimError(refusal(path, `its pixels are ${pixels}`, convertColor(path)));
}

function matrixName(matrix: string | number | null | undefined): string | undefined {
  if (typeof matrix !== 'number') return matrix ?? undefined;
  return matrix in MATRICES ? MATRICES[matrix] : `${matrix}`;
}

function refusal(path: string, what: string, command: string): string {
  return `Cannot read ${path}: ${what}. Convert it first, for instance with ${command}`;
}

/** ffmpeg's own conversion, which takes odd matrices for others, and zimg's, which does not. */
const SCALE = 'scale=out_color_matrix=bt709:out_range=tv';
const ZIMG = 'zscale=matrix=709:range=limited';

/** To BT.709, and named so: ffmpeg on its own makes BT.601 of RGB and does not say it. */
function convertColor(path: string, filter = SCALE): string {
  const named = '-colorspace bt709 -color_range tv';
  return `ffmpeg -i "${path}" -vf ${filter},format=yuv420p ${named} -c:v libx264 -crf 12 video.mp4`;
}

function toneMap(path: string): string {
  const filter = 'zscale=t=linear,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p';
  return `ffmpeg -i "${path}" -vf ${filter} -c:v libx264 -crf 12 video.mp4`;
}
