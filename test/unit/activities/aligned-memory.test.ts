import { afterEach, expect, test } from '@jest/globals';
import { alignedBuffer, sharedMemory } from '../../../activities/aligned-memory.ts';

const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Memory: unknown } };
const { Memory } = wasm;

afterEach(() => {
  wasm.Memory = Memory;
});

test('memory is as large as was asked for, of its own, and empty', () => {
  const [one, other] = [alignedBuffer(100_001), alignedBuffer(100_001)] as const;
  expect([one.length, one.byteOffset]).toEqual([100_001, 0]);
  one.fill(1);
  expect(other.every((byte) => byte === 0)).toBe(true);
  const shared = sharedMemory(100_001);
  expect(shared).toBeInstanceOf(SharedArrayBuffer);
  expect(shared.byteLength).toBeGreaterThanOrEqual(100_001);
});

test('where there are no addresses left, any memory will do, and it is asked but once', () => {
  let asked = 0;
  wasm.Memory = function refuse() {
    asked++;
    throw new RangeError('WebAssembly.Memory(): could not allocate memory');
  };
  expect(alignedBuffer(4096)).toHaveLength(4096);
  expect(sharedMemory(4096).byteLength).toBe(4096);
  expect(asked).toBe(1);
});
