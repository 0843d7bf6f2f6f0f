import type { PickleCursor } from './pickleCursor.js';
import type { PickleValue } from './pickleValue.js';

/** Opcodes that push one value, which is written out after them. */
export const SCALAR_OPCODES: ReadonlyMap<number, (cursor: PickleCursor) => PickleValue> = new Map<
  number,
  (cursor: PickleCursor) => PickleValue
>([
  [0x4e, () => null], // NONE
  [0x88, () => true], // NEWTRUE
  [0x89, () => false], // NEWFALSE
  [0x4b, (cursor) => cursor.uint8()], // BININT1
  [0x4d, (cursor) => cursor.uint16()], // BININT2
  [0x4a, (cursor) => cursor.int32()], // BININT
  [0x8a, (cursor) => cursor.integer(cursor.uint8())], // LONG1
  [0x8b, (cursor) => cursor.integer(cursor.uint32())], // LONG4
  [0x49, (cursor) => cursor.decimal()], // INT: what Python 2 wrote for wide integers
  [0x4c, (cursor) => cursor.decimal()], // LONG
  [0x47, (cursor) => cursor.float64()], // BINFLOAT
  [0x8c, (cursor) => cursor.text(cursor.uint8())], // SHORT_BINUNICODE
  [0x58, (cursor) => cursor.text(cursor.uint32())], // BINUNICODE
  [0x8d, (cursor) => cursor.text(cursor.uint64())], // BINUNICODE8
  [0x55, (cursor) => cursor.text(cursor.uint8())], // SHORT_BINSTRING: Python 2's str
  [0x54, (cursor) => cursor.text(cursor.uint32())], // BINSTRING
  [0x43, (cursor) => cursor.take(cursor.uint8())], // SHORT_BINBYTES
  [0x42, (cursor) => cursor.take(cursor.uint32())], // BINBYTES
  [0x8e, (cursor) => cursor.take(cursor.uint64())], // BINBYTES8
  [0x96, (cursor) => cursor.take(cursor.uint64())], // BYTEARRAY8
]);
