import { av1Color } from './av1Color.js';
import { avcColor } from './avcColor.js';
import type { CodedColor } from './codedColor.js';
import { hevcColor } from './hevcColor.js';
import { avcConfiguration, hevcConfiguration, nalUnits } from './nalUnits.js';
import { vp9Color } from './vp9Color.js';

/**
 * What a key packet, or else the decoder's configuration, says of a video's colours: what is in the packet is what the
 * decoder goes by. Empty for VP8, which is 4:2:0 in BT.601 always, and where nothing can be made out.
 * @param codec a name of mediabunny's: avc, hevc, vp9, av1
 * @param description the configuration record of the container (avcC, hvcC)
 */
export function readCodedColor(codec: string | null, packet: Uint8Array, description?: Uint8Array): CodedColor {
  if (codec === 'vp8') return { chroma: '4:2:0', depth: 8 };
  if (codec === 'vp9') return vp9Color(packet) ?? {};
  if (codec === 'av1') return av1Color(packet) ?? {};
  if (codec !== 'avc' && codec !== 'hevc') return {};
  const [parse, configuration] = codec === 'avc' ? [avcColor, avcConfiguration] : [hevcColor, hevcConfiguration];
  const { units, lengthBytes } = description ? configuration(description) : { units: [], lengthBytes: 0 };
  for (const unit of [...nalUnits(packet, lengthBytes), ...units]) {
    const color = parse(unit);
    if (color) return color;
  }
  return {};
}
