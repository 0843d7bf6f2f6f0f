import { type EncodedPacket, EncodedPacketSink, type InputVideoTrack } from 'mediabunny';

/** A picture of the result: the source's picture with this time is shown `copies` times. */
export interface ShownPicture {
  /** Microseconds, as packets and decoded pictures carry it. */
  readonly timestamp: number;
  readonly copies: number;
}

/** The times of a video's pictures, in the order in which they are shown. */
export interface VideoTimes {
  /** Microseconds. */
  readonly timestamps: readonly number[];
  /** When the last picture ends, microseconds. */
  readonly end: number;
}

/**
 * Reads the times of a track without reading its pictures. Those before 0 are decoded and not shown, as players do.
 * @param fileSize bytes, of which each packet has one at least: what claims more would be listed for ever
 * @param alive called after each packet
 * @throws Error where there are more packets than bytes
 */
export async function readVideoTimes(
  track: InputVideoTrack,
  fileSize: number,
  alive?: () => void,
): Promise<VideoTimes> {
  const timestamps: number[] = [];
  let end = 0;
  let packets = 0;
  for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true })) {
    if (++packets > fileSize) throw new Error('it claims more pictures than it has bytes');
    alive?.();
    if (isShown(packet)) timestamps.push(packet.microsecondTimestamp);
    end = Math.max(end, packet.microsecondTimestamp + packet.microsecondDuration);
  }
  return { timestamps: timestamps.sort((left, right) => left - right), end };
}

/**
 * Which pictures to show for a frame rate: each comes at the frame nearest to its time and stays until the next one's; of
 * several at one frame the last stays. A video that has this rate already keeps every picture, once.
 * @param fps frames per second of the result; absent, every picture is kept as it is
 */
export function showAt({ timestamps, end }: VideoTimes, fps?: number): ShownPicture[] {
  if (fps === undefined) return timestamps.map((timestamp) => ({ timestamp, copies: 1 }));
  const frameOf = (time: number) => Math.round(((time - timestamps[0]) * fps) / 1e6);
  const shown = timestamps.map((timestamp, index) => {
    const next = timestamps[index + 1];
    return { timestamp, copies: frameOf(next ?? end) - frameOf(timestamp) };
  });
  const last = shown.at(-1);
  if (last && shown.every(({ copies }) => copies <= 0)) return [{ ...last, copies: 1 }];
  return shown.filter(({ copies }) => copies > 0);
}

/** Frames per second of a video on average. */
export function rateOf({ timestamps, end }: VideoTimes): number {
  const seconds = (end - timestamps[0]) / 1e6;
  return seconds > 0 ? Math.round((timestamps.length / seconds) * 1000) / 1000 : 0;
}

/** Whether a packet's picture is shown. */
function isShown({ timestamp }: EncodedPacket): boolean {
  return timestamp >= 0;
}
