import * as z from 'zod';
import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { whatElse } from '../foreignFile.js';
import { quote, quoteSome } from '../quote.js';
import { lookUp, type TensorInfo, type TensorSource } from '../tensorSource.js';
import { openSafetensors, type TensorFile } from './tensorFile.js';

const INDEX = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Opens the bytes of a shard by its file's name; undefined where there is no such file beside the index. */
export type ShardOpener = (shard: string) => Promise<ByteSource | undefined>;

/**
 * Opens the shards that a `*.safetensors.index.json` lists as one source. Checks that every shard is there and holds
 * exactly the tensors that the index gives it.
 *
 * @param index text of the file
 * @param label how errors name it
 */
export async function openShards(index: string, label: string, open: ShardOpener): Promise<TensorSource> {
  const shardOf = readIndex(index, label);
  const files = new Map<string, TensorFile>();
  try {
    for (const shard of new Set(shardOf.values())) {
      files.set(shard, await openShard(shard, label, open));
    }
    checkPlaces(label, shardOf, files);
  } catch (error) {
    await closeAll(files);
    throw error;
  }
  return new ShardedSource(label, shardOf, files);
}

class ShardedSource implements TensorSource {
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;

  constructor(
    readonly label: string,
    private readonly shardOf: ReadonlyMap<string, string>,
    private readonly shards: ReadonlyMap<string, TensorFile>,
  ) {
    this.files = [label, ...[...shards.values()].flatMap((shard) => shard.files)];
    this.metadata = new Map([...shards.values()].flatMap((file) => [...file.metadata]));
  }

  names(): string[] {
    return [...this.shards.values()].flatMap((file) => file.names());
  }

  has(name: string): boolean {
    return this.shardOf.has(name);
  }

  info(name: string): TensorInfo {
    return this.#fileOf(name).info(name);
  }

  read(name: string): Promise<Uint8Array> {
    return this.#fileOf(name).read(name);
  }

  readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    return this.#fileOf(name).readRows(name, firstRow, rowCount);
  }

  close(): Promise<void> {
    return closeAll(this.shards);
  }

  #fileOf(name: string): TensorFile {
    return this.shards.get(lookUp(this.shardOf, name, this.label)) as TensorFile; // `openShards` opened every shard
  }
}

function readIndex(text: string, label: string): ReadonlyMap<string, string> {
  try {
    // The validated record may lack a "__proto__" key that the text has, so the entries come from the text.
    const index = JSON.parse(text) as { weight_map: Record<string, string> };
    INDEX.parse(index);
    const shards = Object.entries(index.weight_map);
    ensure(
      shards.every(([, shard]) => typeof shard === 'string'),
      'a shard is no text',
    ); // zod does not look at "__proto__"
    return new Map(shards);
  } catch (cause) {
    throw new TokenTrimError(
      `${label}: expected {"weight_map": {tensor name: shard file}}, found something else${whatElse(text)}. Download the index again.`,
      { cause },
    );
  }
}

async function openShard(shard: string, label: string, open: ShardOpener): Promise<TensorFile> {
  // A downloaded index must not make the program read files elsewhere on the disk.
  ensure(
    !/[/\\]/.test(shard) && shard.endsWith('.safetensors'),
    `${label}: expected shards to be .safetensors files beside the index, found ${quote(shard)}.`,
  );
  const bytes = await open(shard);
  ensure(bytes, `${label}: the shard ${quote(shard)} is missing. Download it into the same folder.`);
  return openSafetensors(bytes);
}

function checkPlaces(
  label: string,
  shardOf: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, TensorFile>,
): void {
  const absent = [...shardOf].filter(([name, shard]) => !files.get(shard)?.has(name)).map(([name]) => name);
  ensure(
    absent.length === 0,
    () =>
      `${label}: ${absent.length} tensors are not in the shard that the index names: ${quoteSome(absent)}. Download index and shards again.`,
  );
  for (const [shard, file] of files) {
    const strangers = file.names().filter((name) => shardOf.get(name) !== shard);
    ensure(
      strangers.length === 0,
      () =>
        `${label}: the shard ${quote(shard)} holds tensors that the index does not give it: ${quoteSome(strangers)}. Download index and shards again.`,
    );
  }
}

async function closeAll(files: ReadonlyMap<string, TensorFile>): Promise<void> {
  for (const file of files.values()) await file.close();
}
