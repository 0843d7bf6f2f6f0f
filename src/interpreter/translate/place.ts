import type { Operand } from './operand.js';
import { F16, hasHalves, nameOf, strideOf, type Type, vector } from './types.js';

/** Where something lies: how to read it and how to write it. */
export interface Place {
  readonly type: Type;
  readonly read: string;
  /** A statement that writes what a piece of code gives. */
  readonly write: (value: string) => string;
  /** In storage or workgroup memory: whose, and how many units from its beginning. */
  readonly memory?: MemoryPlace;
}

export interface MemoryPlace {
  readonly name: string;
  /** Code that gives units of `unitBytes`. */
  readonly unit: string;
  readonly unitBytes: 2 | 4;
}

export function unitBytesOf(type: Type): 2 | 4 {
  return hasHalves(type) ? 2 : 4;
}

export const placed = ({ read, type }: Place): Operand => ({ code: read, type, isPlace: true });

export function plus(unit: string, more: string | number): string {
  if (more === 0 || more === '0') return unit;
  if (unit === '0') return String(more);
  return `${unit} + ${more}`;
}

/** A variable in memory, or a part of one. */
export function memoryPlace(type: Type, memory: MemoryPlace, line: number): Place {
  switch (type.kind) {
    case 'scalar':
    case 'atomic':
    case 'vector':
      return leafPlace(type, memory, line);
    case 'matrix':
    case 'array':
    case 'struct': {
      const parts = partsOf(type, memory, line);
      const [open, close] = type.kind === 'struct' ? ['({ ', ' })'] : ['[', ']'];
      const label = (name: string) => (type.kind === 'struct' ? `${name}: ` : '');
      return {
        type,
        get read() {
          return `${open}${parts()
            .map(({ name, place }) => label(name) + place.read)
            .join(', ')}${close}`;
        },
        write: (value) => {
          const each = parts().map(({ name, place }) =>
            place.write(type.kind === 'struct' ? `$w.${name}` : `$w[${name}]`),
          );
          return `(($w) => { ${each.join('; ')}; })(${value})`;
        },
        memory,
      };
    }
    default:
      throw new Error(`${nameOf(type)} does not lie in memory`);
  }
}

/** Units of a type within memory. */
export function unitsOf(bytes: number, { unitBytes }: MemoryPlace): number {
  return bytes / unitBytes;
}

/** One component of a vector in memory; it counts as an access to all of it. */
export function componentPlace(vector: Place, index: string): Place {
  const { type, memory } = vector as Place & { memory: MemoryPlace };
  if (type.kind !== 'vector') throw new Error('expected a vector');
  const leaf = (vector as LeafPlace).leaf;
  const at = (how: 'reads' | 'writes') => `${leaf(how)} + ${index}`;
  return { type: type.of, ...single(type.of, memory, at), memory };
}

interface LeafPlace extends Place {
  /** Code for where it lies in the view of its type, which notes the access. */
  readonly leaf: (how: 'reads' | 'writes') => string;
}

function leafPlace(
  type: Extract<Type, { kind: 'scalar' | 'atomic' | 'vector' }>,
  memory: MemoryPlace,
  line: number,
): LeafPlace {
  const of = type.kind === 'scalar' ? type : type.of;
  const halves = memory.unitBytes === 2 && of !== F16 ? ' >> 1' : '';
  const leaf = (how: 'reads' | 'writes') => {
    const place = `${memory.name}.${how}($i, ${memory.unit}, ${line})`;
    return halves ? `(${place}${halves})` : place;
  };
  if (type.kind !== 'vector') return { type, ...single(of, memory, leaf), memory, leaf };
  const view = `${memory.name}.${of.name}`;
  const helper = of === F16 ? 'lanesOfHalves' : `lanes${type.size}`;
  const given = of === F16 ? `, ${type.size}` : '';
  return {
    type,
    read: `$m.${helper}(${view}, ${leaf('reads')}${given})`,
    write: (value) => `$m.${of === F16 ? 'putHalves' : 'put'}(${view}, ${leaf('writes')}, ${value})`,
    memory,
    leaf,
  };
}

function single(of: Type, { name }: MemoryPlace, leaf: (how: 'reads' | 'writes') => string) {
  const view = `${name}.${of.kind === 'scalar' ? of.name : ''}`;
  if (of === F16) {
    return {
      read: `$n.fromHalfBits(${view}[${leaf('reads')}])`,
      write: (value: string) => `${view}[${leaf('writes')}] = $n.halfBits(${value})`,
    };
  }
  return {
    read: `${view}[${leaf('reads')}]`,
    write: (value: string) => `${view}[${leaf('writes')}] = ${value}`,
  };
}

function partsOf(type: Extract<Type, { kind: 'matrix' | 'array' | 'struct' }>, memory: MemoryPlace, line: number) {
  const part = (name: string, inner: Type, bytes: number) => {
    const unit = plus(memory.unit, unitsOf(bytes, memory));
    return { name, place: memoryPlace(inner, { ...memory, unit }, line) };
  };
  return () => {
    if (type.kind === 'struct') return type.members.map(({ name, type: inner, offset }) => part(name, inner, offset));
    const { inner, count, stride } = elementsOf(type);
    return Array.from({ length: count ?? 0 }, (_, index) => part(String(index), inner, index * stride));
  };
}

/** The elements of an array, or the columns of a matrix. */
export function elementsOf(type: Extract<Type, { kind: 'matrix' | 'array' }>) {
  if (type.kind === 'array') return { inner: type.of, count: type.count, stride: strideOf(type.of) };
  const inner = vector(type.rows, type.of);
  return { inner, count: type.columns, stride: strideOf(inner) };
}
