import * as z from 'zod';

const TOKENIZER = z.object({
  normalizer: z.object({ normalizers: z.array(z.object({ precompiled_charsmap: z.base64().optional() })) }),
  model: z.object({ vocab: z.array(z.tuple([z.string(), z.number()])), unk_id: z.int(), byte_fallback: z.boolean() }),
});

/** Kinds of pieces: google/sentencepiece `src/sentencepiece_model.proto ModelProto.SentencePiece.Type`. */
const KIND = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

/**
 * The SentencePiece protobuf of a unigram `tokenizer.json`, as ComfyUI's text encoders carry it in `spiece_model`.
 * Source of the field numbers: google/sentencepiece `src/sentencepiece_model.proto`.
 */
export function sentencePieceModel(tokenizerJson: string): Uint8Array {
  const { model, normalizer } = TOKENIZER.parse(JSON.parse(tokenizerJson));
  const charsmap = normalizer.normalizers.flatMap((step) => step.precompiled_charsmap ?? [])[0] ?? '';
  const pieces = model.vocab.map(([piece, score]) =>
    bytesField(1, [bytesField(1, [Buffer.from(piece)]), floatField(2, score), numberField(3, kindOf(piece))]),
  );
  const trainer = [
    numberField(3, 1), // a unigram model
    numberField(4, model.vocab.length),
    numberField(35, model.byte_fallback ? 1 : 0),
    numberField(40, model.unk_id),
    numberField(41, -1), // no token begins a text
    numberField(
      42,
      model.vocab.findIndex(([piece]) => piece === '</s>'),
    ),
    numberField(
      43,
      model.vocab.findIndex(([piece]) => piece === '<pad>'),
    ),
  ];
  const normalizerSpec = [
    bytesField(1, [Buffer.from('nmt_nfkc')]),
    bytesField(2, [Buffer.from(charsmap, 'base64')]),
    ...[3, 4, 5].map((field) => numberField(field, 1)), // a dummy prefix, no runs of spaces, spaces written as ▁
  ];
  return Buffer.concat([...pieces, bytesField(2, trainer), bytesField(3, normalizerSpec)]);
}

function kindOf(piece: string): number {
  if (piece === '<unk>') return KIND.unknown;
  if (piece === '<pad>' || piece === '</s>') return KIND.control;
  return /^<0x[0-9A-F]{2}>$/.test(piece) ? KIND.byte : KIND.normal;
}

function bytesField(field: number, parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

const numberField = (field: number, value: number) => Buffer.concat([varint(field << 3), varint(value)]);

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), bytes]);
}

/** Seven bits a byte, the lowest first; a negative number is written as its 64-bit two's complement. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
