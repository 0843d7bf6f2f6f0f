/** `int` and `float` are those of constants that have no type of their own yet. */
export type ScalarName = 'f32' | 'f16' | 'u32' | 'i32' | 'bool' | 'int' | 'float';

export interface ScalarType {
  readonly kind: 'scalar';
  readonly name: ScalarName;
}

export interface VectorType {
  readonly kind: 'vector';
  readonly size: number;
  readonly of: ScalarType;
}

export interface Member {
  readonly name: string;
  readonly type: Type;
  /** From the struct's beginning, in bytes. */
  readonly offset: number;
}

/** A type of WGSL, with every size worked out. */
export type Type =
  | ScalarType
  | VectorType
  | { readonly kind: 'matrix'; readonly columns: number; readonly rows: number; readonly of: ScalarType }
  /** Without a count it is as long as what is bound. */
  | { readonly kind: 'array'; readonly of: Type; readonly count: number | undefined }
  | { readonly kind: 'struct'; readonly name: string; readonly members: readonly Member[] }
  | { readonly kind: 'pointer'; readonly space: string; readonly to: Type }
  | { readonly kind: 'atomic'; readonly of: ScalarType }
  | { readonly kind: 'subgroupMatrix'; readonly columns: number; readonly rows: number; readonly of: ScalarType }
  | { readonly kind: 'void' };

const scalar = (name: ScalarName): ScalarType => ({ kind: 'scalar', name });
export const F32 = scalar('f32');
export const F16 = scalar('f16');
export const U32 = scalar('u32');
export const I32 = scalar('i32');
export const BOOL = scalar('bool');
export const INT = scalar('int');
export const FLOAT = scalar('float');
export const VOID: Type = { kind: 'void' };
export const vector = (size: number, of: ScalarType): VectorType => ({ kind: 'vector', size, of });

/** The last letters of `vec4f` and its like, and the suffixes of numbers. */
export const BY_LETTER: Readonly<Record<string, ScalarType>> = { f: F32, h: F16, u: U32, i: I32, b: BOOL };

/** The type of one element of a vector or matrix, or the type itself. */
export function elementOf(type: Type): Type {
  return type.kind === 'vector' || type.kind === 'matrix' || type.kind === 'subgroupMatrix' ? type.of : type;
}

export function isAbstract(type: Type): boolean {
  const of = elementOf(type);
  return of.kind === 'scalar' && (of.name === 'int' || of.name === 'float');
}

/** A type for values whose type has not been said. */
export function concrete(type: Type): Type {
  if (type.kind === 'vector') return vector(type.size, concrete(type.of) as ScalarType);
  if (type.kind === 'matrix') return { ...type, of: F32 };
  if (type.kind === 'array') return { ...type, of: concrete(type.of) };
  if (type === INT) return I32;
  return type === FLOAT ? F32 : type;
}

/** Whether values are JavaScript objects that are changed in place, and so copied where WGSL copies. All others are never changed. */
export function isChanged(type: Type): boolean {
  return type.kind === 'array' || type.kind === 'struct';
}

/** Bytes of a value in memory, as WGSL lays it out. */
export function sizeOf(type: Type): number {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'f16' ? 2 : 4;
    case 'atomic':
      return 4;
    case 'vector':
      return type.size * sizeOf(type.of);
    case 'matrix':
      return type.columns * strideOf(vector(type.rows, type.of));
    case 'array':
      return (type.count ?? 0) * strideOf(type.of);
    case 'struct': {
      const last = type.members[type.members.length - 1];
      return roundUp(last.offset + sizeOf(last.type), alignmentOf(type));
    }
    default:
      return 0;
  }
}

export function alignmentOf(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return (type.size === 3 ? 4 : type.size) * sizeOf(type.of);
    case 'matrix':
      return alignmentOf(vector(type.rows, type.of));
    case 'array':
      return alignmentOf(type.of);
    case 'struct':
      return Math.max(...type.members.map(({ type: member }) => alignmentOf(member)));
    default:
      return sizeOf(type);
  }
}

/** Bytes from one element of an array to the next. */
export function strideOf(type: Type): number {
  return roundUp(sizeOf(type), alignmentOf(type));
}

/** Members with their places. */
export function laidOut(members: readonly { name: string; type: Type }[]): Member[] {
  let end = 0;
  return members.map(({ name, type }) => {
    const offset = roundUp(end, alignmentOf(type));
    end = offset + sizeOf(type);
    return { name, type, offset };
  });
}

/** Whether there is an f16 in it, so that its memory is counted in two bytes rather than four. */
export function hasHalves(type: Type): boolean {
  if (type.kind === 'struct') return type.members.some(({ type: member }) => hasHalves(member));
  if (type.kind === 'array') return hasHalves(type.of);
  return elementOf(type) === F16;
}

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** As WGSL writes it, for messages. */
export function nameOf(type: Type): string {
  switch (type.kind) {
    case 'scalar':
    case 'struct':
      return type.name;
    case 'vector':
      return `vec${type.size}<${type.of.name}>`;
    case 'matrix':
      return `mat${type.columns}x${type.rows}<${type.of.name}>`;
    case 'array':
      return `array<${nameOf(type.of)}${type.count === undefined ? '' : `, ${type.count}`}>`;
    case 'pointer':
      return `ptr<${type.space}, ${nameOf(type.to)}>`;
    case 'atomic':
      return `atomic<${type.of.name}>`;
    default:
      return type.kind;
  }
}
