import { cpSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openModelFolder } from '../../src/node/model/modelFolder.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { inspectPath } from '../../src/node/weights/inspect.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { temporaryFolder } from './temporary.js';
import { writeZip } from './torch/zipWriter.js';

const bytes = (hex: string, length = 2000) => {
  const start = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return Buffer.concat([start, Buffer.alloc(Math.max(0, length - start.length), 0x41)]);
};
const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 5676070424\n`;
const tar = Buffer.alloc(1024, 0x41);
tar.write('ustar', 257);

const FOREIGN: readonly [what: string, contents: Buffer | string, found: RegExp][] = [
  [
    'a Git LFS pointer',
    LFS,
    /found a Git LFS pointer, not the file, which stands for one of 5.7 GB. Run `git lfs pull`/,
  ],
  ['a Xet pointer', "# xet version 0\nfilesize = 5\nhash = 'ab'\n", /found a Xet pointer/],
  ['a web page', '\n<!DOCTYPE html>\n<html class="">', /found a web page.*\/resolve\//],
  ['a web page after a comment', '<!-- saved -->\n<HTML><head>', /found a web page/],
  ['an XML error', '<?xml version="1.0"?><Error><Code>AccessDenied</Code>', /found an XML text.*AccessDenied/],
  ['a JSON error', '{"error":"Repository not found"}', /found a server's answer, "Repository not found".*log in/],
  ['a refused log-in', 'Invalid username or password.', /found a server's answer, "Invalid username or password."/],
  ['an answer', 'Entry not found', /found a server's answer, "Entry not found"/],
  ['an empty file', '', /found an empty file/],
  ['zeros', Buffer.alloc(4096), /found nothing but zeros at its start.*has reserved the room/],
  ['GGUF', bytes('47475546 03000000 7b00000000000000 7b'), /found a GGUF file.*GGUF cannot be read here/],
  ['GGML', bytes('6c6d6767 01'), /found a GGML file/],
  ['HDF5', bytes('894844460d0a1a0a'), /found an HDF5 file/],
  ['NumPy', bytes('934e554d505901007600'), /found a NumPy array/],
  ['ONNX', bytes('0807 12 07 7079746f726368'), /found an ONNX file/],
  ['gzip', gzipSync('x'.repeat(100)), /found a gzip archive. Unpack it/],
  ['tar', tar, /found a tar archive/],
  ['7z', bytes('377abcaf271c0004'), /found a 7z archive/],
  ['xz', bytes('fd377a585a0000'), /found an xz archive/],
  ['Zstandard', bytes('28b52ffd'), /found a Zstandard archive/],
  ['RAR', bytes('526172211a0701'), /found a RAR archive/],
  ['PNG', bytes('89504e470d0a1a0a0000000d'), /found a PNG picture/],
  ['JPEG', bytes('ffd8ffe0'), /found a JPEG picture/],
  ['MP4', bytes('00000020 66747970 69736f6d'), /found an MP4 or HEIC file/],
  ['WebM', bytes('1a45dfa3'), /found a Matroska or WebM video/],
  ['PDF', Buffer.from('%PDF-1.7 ...'), /found a PDF/],
  ['a plain pickle', bytes('8004 95 0a00000000000000 7d94'), /found a Python pickle that torch.save did not write/],
  ['AppleDouble', bytes('00051607 00020000'), /found what macOS keeps beside a file/],
  ['a program', bytes('7f454c46 0201'), /found a program/],
];

describe('files that are no weights are called what they are', () => {
  it.each(FOREIGN)('%s, whatever its name', async (_what, contents, found) => {
    const folder = await temporaryFolder();
    for (const name of ['model.safetensors', 'model.pt', 'model.pth', 'pytorch_model.bin', 'model.ckpt', 'model']) {
      const path = join(folder, name);
      await writeFile(path, contents);
      await expect(openTensorSource(path)).rejects.toThrow(found);
      await expect(openTensorSource(path)).rejects.not.toThrow(/damaged/);
    }
    await expect(inspectPath(join(folder, 'model.pt'))).rejects.toThrow(found);
  });

  it.each([
    ['a NumPy archive (.npz)', 'arr_0.npy'],
    ['a TorchScript program', 'model/constants.pkl'],
    ['a zip archive with weights in it', 'folder/model.safetensors'],
    ['a Keras model', 'model.weights.h5'],
  ])('%s among zip archives', async (what, record) => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    await writeZip(path, [{ name: record, data: Buffer.from('x') }]);
    await expect(openTensorSource(path)).rejects.toThrow(`expected a file of weights, found ${what}`);
  });

  it('a safetensors file is one by any length of its header', async () => {
    // 35615 is 1f 8b as the first bytes: those of gzip.
    const folder = await temporaryFolder();
    const path = join(folder, 'a.safetensors');
    const json = Buffer.from('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.padEnd(35615));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(35615n);
    await writeFile(path, Buffer.concat([length, json, Buffer.of(7)]));
    const source = await openTensorSource(path);
    expect(source.names()).toEqual(['a']);
    await source.close();
  });

  it('pointers in the place of shards, an index, config.json and tokenizer.json', async () => {
    const folder = join(await temporaryFolder(), 'model');
    cpSync(toyWorld, folder, { recursive: true });
    const put = (name: string, text: string) => writeFile(join(folder, name), text);
    const opened = () => openModelFolder(folder);
    await put('vae.safetensors', LFS);
    await expect(opened()).rejects.toThrow(/vae.safetensors: expected a safetensors file, found a Git LFS pointer/);
    await rm(join(folder, 'vae.safetensors'));
    await put('vae-1.safetensors', LFS);
    await put('vae.safetensors.index.json', '{"weight_map":{"a":"vae-1.safetensors"}}');
    await expect(opened()).rejects.toThrow(/vae-1.safetensors: expected a safetensors file, found a Git LFS pointer/);
    await put('vae.safetensors.index.json', LFS);
    await expect(opened()).rejects.toThrow(/index.json: expected .*, it is a Git LFS pointer.*`git lfs pull`/);
    await put('config.json', LFS);
    await expect(opened()).rejects.toThrow(/config.json is not a JSON object, it is a Git LFS pointer/);
  });
});

describe('downloads that have not ended', () => {
  it.each(['.aria2', '.part', '.crdownload', '.incomplete'])('have a file with %s beside them', async (ending) => {
    const path = join(await temporaryFolder(), 'a.safetensors');
    await writeSafetensors(path, new Map([['a', { dtype: 'U8', shape: [1], data: new Uint8Array(1) }]]));
    await (await openTensorSource(path)).close();
    await writeFile(path + ending, 'x');
    await expect(openTensorSource(path)).rejects.toThrow(/its download has not ended: .* lies beside it/);
    await expect(openTensorSource(path + ending)).rejects.toThrow(/by its name this is an unfinished download/);
  });
});
