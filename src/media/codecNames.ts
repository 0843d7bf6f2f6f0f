/** Codecs by the names that containers have for them: QuickTime's and ISO's sample entries, Matroska's codec IDs. */
const NAMES: readonly [RegExp, string][] = [
  [/^(ap4h|ap4x|apch|apcn|apcs|apco|aprn|aprh)$|PRORES/i, 'ProRes'],
  [/^(AVdn|AVdh)$/, 'DNxHD or DNxHR'],
  [/^CFHD$/, 'CineForm'],
  [/^mp4v$/, 'MPEG-4 Part 2 (DivX, Xvid) or MPEG-2'],
  [/MPEG4\/ISO\/(SP|ASP|AP)$|MPEG4\/MS/, 'MPEG-4 Part 2 (DivX, Xvid)'],
  [/^(m2v1|mp2v|mx\dn|mx\dp|xdv\w|xd5\w|hdv\d)$|^V_MPEG2$/, 'MPEG-2'],
  [/^(m1v1|mpeg)$|^V_MPEG1$/, 'MPEG-1'],
  [/^(jpeg|mjpa|mjpb|dmb1)$|^V_MJPEG$/, 'Motion JPEG'],
  [/^(mjp2|MJ2C)$/, 'JPEG 2000'],
  [/^(dvh1|dvhe|dva1|dvav|dav1)$/, 'Dolby Vision'],
  [/^(s263|h263|H263)$/, 'H.263'],
  [/^(SVQ1|SVQ3)$/, 'Sorenson'],
  [/^(cvid)$/, 'Cinepak'],
  [/^(rle |png |smc |rpza)$/, 'QuickTime Animation or PNG'],
  [/^(dvc |dvcp|dvpp|dv5n|dv5p|dvhq|dvhp)$/, 'DV'],
  [/^(2vuy|yuv2|v210|v216|v308|v408|v410|raw |b64a|2Vuy)$|UNCOMPRESSED/, 'uncompressed video'],
  [/^V_MS\/VFW\/FOURCC$/, 'Video for Windows, such as FFV1 or HuffYUV'],
  [/FFV1/, 'FFV1'],
  [/THEORA/, 'Theora'],
  [/^V_REAL/, 'RealVideo'],
  [/^(vvc1|vvi1)$/, 'VVC (H.266)'],
  [/^(encv|drmi)$/, 'encrypted video'],
];

/** A codec as people know it, with the container's own name for it. */
export function codecName(id: string | number | null | undefined): string {
  const text = id === null || id === undefined ? 'in it' : String(id);
  const found = NAMES.find(([pattern]) => pattern.test(text));
  return found ? `${found[1]} (${text.trim()})` : text;
}
