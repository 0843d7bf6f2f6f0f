import { modeLab65, modeLrgb, modeRgb, modeXyz65, useMode } from 'culori/fn';
import { ciede2000 } from '../colorDifference.js';
import type { Lab } from '../labStatistics.js';

/** Whether a colour is the one that was meant, among those that there are. */
export interface ToyColor {
  /** CIEDE2000 to the one that was meant. */
  readonly difference: number;
  /** Whether no other is nearer. */
  readonly isRight: boolean;
}

/** Colours by name, in CIELAB. */
export type Palette<Name extends string> = ReadonlyMap<Name, Lab>;

for (const mode of [modeRgb, modeLrgb, modeXyz65]) useMode(mode);
const toLab = useMode(modeLab65);

const labOf = ([red, green, blue]: readonly number[]): Lab =>
  toLab({ mode: 'rgb', r: red / 255, g: green / 255, b: blue / 255 });

/** @param colors sRGB, 0 ... 255 */
export function paletteOf<Name extends string>(colors: Readonly<Record<Name, readonly number[]>>): Palette<Name> {
  return new Map((Object.keys(colors) as Name[]).map((name) => [name, labOf(colors[name])]));
}

/** Compares the mean colour of some pixels with the palette that `meant` is of; null where there are none. @param chosen 1 for those pixels */
export function toyColor<Name extends string>(
  rgb: Uint8Array,
  chosen: Uint8Array,
  palette: Palette<Name>,
  meant: Name,
): ToyColor | null {
  let [red, green, blue, count] = [0, 0, 0, 0];
  for (let pixel = 0, at = 0; pixel < chosen.length; pixel++, at += 3) {
    if (!chosen[pixel]) continue;
    red += rgb[at];
    green += rgb[at + 1];
    blue += rgb[at + 2];
    count++;
  }
  if (count === 0) return null;
  const mean = labOf([red / count, green / count, blue / count]);
  const to = (color: Lab) => ciede2000(color, mean);
  const difference = to(palette.get(meant) as Lab);
  return { difference, isRight: [...palette.values()].every((color) => to(color) >= difference) };
}

/** The pixels of a mask whose four neighbours are in it too, or all where there are none: an edge is of two colours. */
export function insideOf(mask: Uint8Array, width: number): Uint8Array {
  const inside = new Uint8Array(mask.length);
  let hasInside = false;
  for (let at = width; at < mask.length - width; at++) {
    if (!(mask[at] && mask[at - 1] && mask[at + 1] && mask[at - width] && mask[at + width])) continue;
    inside[at] = 1;
    hasInside = true;
  }
  return hasInside ? inside : mask;
}
