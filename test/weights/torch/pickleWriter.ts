/** Values that a pickle is written from; everything else in it is made by the functions below. */
export type Pickled = null | boolean | number | string | Uint8Array | readonly Pickled[] | Map<Pickled, Pickled> | Raw;

/** Opcodes written out, which leave one value on the stack. */
export class Raw {
  constructor(readonly write: (out: PickleWriter) => void) {}
}

export const tuple = (...items: Pickled[]): Raw =>
  new Raw((out) => {
    out.byte(0x28); // MARK
    for (const item of items) out.value(item);
    out.byte(0x74); // TUPLE
  });

/** A Python object by its full name, such as "torch FloatStorage". */
export const global = (name: string): Raw => new Raw((out) => out.global(name));

export const call = (target: string | Raw, ...args: Pickled[]): Raw =>
  new Raw((out) => {
    out.value(typeof target === 'string' ? global(target) : target);
    out.value(tuple(...args));
    out.byte(0x52); // REDUCE
  });

export const persistent = (id: Pickled): Raw =>
  new Raw((out) => {
    out.value(id);
    out.byte(0x51); // BINPERSID
  });

/** A value with attributes, as a state dict has its _metadata. */
export const built = (value: Pickled, state: Pickled): Raw =>
  new Raw((out) => {
    out.value(value);
    out.value(state);
    out.byte(0x62); // BUILD
  });

export const bytesOp = (...bytes: number[]): Raw => new Raw((out) => out.bytes(Uint8Array.from(bytes)));

export function pickle(value: Pickled, protocol = 2): Buffer {
  const out = new PickleWriter(protocol);
  out.bytes(Uint8Array.of(0x80, protocol));
  if (protocol >= 4) out.bytes(Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0, 0)); // FRAME
  out.value(value);
  out.byte(0x2e); // STOP
  return Buffer.concat(out.parts);
}

class PickleWriter {
  readonly parts: Buffer[] = [];

  constructor(readonly protocol: number) {}

  byte(value: number): void {
    this.parts.push(Buffer.of(value));
  }

  bytes(bytes: Uint8Array): void {
    this.parts.push(Buffer.from(bytes));
  }

  value(value: Pickled): void {
    if (value instanceof Raw) value.write(this);
    else if (value === null) this.byte(0x4e);
    else if (typeof value === 'boolean') this.byte(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.text(value);
    else if (value instanceof Uint8Array) {
      this.#sized(0x42, value); // BINBYTES
    } else if (value instanceof Map) this.#items(0x7d, 0x75, [...value].flat());
    else this.#items(0x5d, 0x65, value as readonly Pickled[]);
  }

  text(text: string): void {
    const bytes = Buffer.from(text);
    if (this.protocol >= 4 && bytes.length < 256) {
      this.bytes(Uint8Array.of(0x8c, bytes.length)); // SHORT_BINUNICODE
      this.bytes(bytes);
    } else this.#sized(0x58, bytes); // BINUNICODE
  }

  global(name: string): void {
    const [module, attribute] = name.split(' ');
    if (this.protocol < 4) {
      this.bytes(Buffer.from(`c${module}\n${attribute}\n`)); // GLOBAL
    } else {
      this.text(module);
      this.text(attribute);
      this.byte(0x93); // STACK_GLOBAL
    }
  }

  #items(empty: number, fill: number, items: readonly Pickled[]): void {
    this.bytes(Uint8Array.of(empty, 0x28));
    for (const item of items) this.value(item);
    this.byte(fill);
  }

  #number(value: number): void {
    const bytes = Buffer.alloc(9);
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
      bytes[0] = 0x4a; // BININT
      bytes.writeInt32LE(value, 1);
      this.bytes(bytes.subarray(0, 5));
    } else if (Number.isInteger(value)) {
      this.bytes(Uint8Array.of(0x8a, 9)); // LONG1
      bytes.writeBigInt64LE(BigInt(value));
      bytes[8] = value < 0 ? 0xff : 0;
      this.bytes(bytes);
    } else {
      bytes[0] = 0x47; // BINFLOAT
      bytes.writeDoubleBE(value, 1);
      this.bytes(bytes);
    }
  }

  #sized(opcode: number, bytes: Uint8Array): void {
    const head = Buffer.alloc(5, opcode);
    head.writeUInt32LE(bytes.length, 1);
    this.bytes(head);
    this.bytes(bytes);
  }
}
