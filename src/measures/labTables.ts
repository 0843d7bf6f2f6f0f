// From sRGB bytes to CIELAB by tables: a colour library takes a microsecond a pixel, this some nanoseconds.
// Sources: IEC 61966-2-1 (sRGB, its D65 white); CIE 15 (CIELAB). test/measures/labStatistics.test.ts compares with culori.

/** Bytes of sRGB as linear light, 0 ... 1. */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** Steps of the table of roots: values between them are interpolated, which is right to 3e-7. */
const STEPS = 16_384;
const EPSILON = (6 / 29) ** 3;

/** f of CIELAB for a share of the white, 0 ... 1: the cube root, near black a line. */
const ROOTS = Float64Array.from({ length: STEPS + 2 }, (_, step) => {
  const share = step / STEPS;
  return share > EPSILON ? Math.cbrt(share) : share * ((29 / 6) ** 2 / 3) + 4 / 29;
});

/** X, Y and Z of red, green and blue as shares of the white's, so that white is 1, 1, 1. */
const MATRIX = [
  [0.41239079926595934, 0.357584339383878, 0.1804807884018343],
  [0.21263900587151027, 0.715168678767756, 0.07219231536073371],
  [0.01933081871559182, 0.11919477979462598, 0.9505321522496607],
].map((row) => row.map((weight) => weight / row.reduce((sum, each) => sum + each)));
const [[XR, XG, XB], [YR, YG, YB], [ZR, ZG, ZB]] = MATRIX;

/** L*, a* and b* of a pixel into `lab`. */
export function toLab(red: number, green: number, blue: number, lab: Float64Array): void {
  const r = LINEAR[red];
  const g = LINEAR[green];
  const b = LINEAR[blue];
  const x = root(XR * r + XG * g + XB * b);
  const y = root(YR * r + YG * g + YB * b);
  const z = root(ZR * r + ZG * g + ZB * b);
  lab[0] = 116 * y - 16;
  lab[1] = 500 * (x - y);
  lab[2] = 200 * (y - z);
}

function root(share: number): number {
  const place = share * STEPS;
  const step = Math.trunc(place);
  return ROOTS[step] + (place - step) * (ROOTS[step + 1] - ROOTS[step]);
}
