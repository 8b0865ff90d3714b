/** The part of opendal that is used, and how it is loaded: an optional package with a native library. */
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';

export interface ObjectMetadata {
  readonly contentLength: bigint | null;
  readonly userMetadata: Record<string, string> | null;
}

export interface ObjectEntry {
  path(): string;
  metadata(): ObjectMetadata;
}

type Layer = object;

export interface Operator {
  stat(path: string): Promise<ObjectMetadata>;
  read(path: string, options: { offset: bigint; size: bigint }): Promise<Buffer>;
  reader(path: string): Promise<{ read(buffer: Buffer): Promise<bigint> }>;
  write(
    path: string,
    data: Buffer,
    options: { ifNotExists?: boolean; userMetadata: Record<string, string> },
  ): Promise<unknown>;
  writer(
    path: string,
    options: { chunk: bigint; userMetadata: Record<string, string> },
  ): Promise<{ write(data: Buffer): Promise<void>; close(): Promise<void> }>;
  lister(path: string, options: { recursive: true }): Promise<{ next(): Promise<ObjectEntry | null> }>;
  delete(path: string): Promise<void>;
  layer(layer: Layer): Operator;
}

export interface OpendalModule {
  Operator: new (service: string, options: Record<string, string>) => Operator;
  /** Times in milliseconds. */
  RetryLayer: new () => {
    jitter: boolean;
    maxTimes: number;
    factor: number;
    minDelay: number;
    maxDelay: number;
    build(): Layer;
  };
  TimeoutLayer: new () => { timeout: number; ioTimeout: number; build(): Layer };
  ConcurrentLimitLayer: new (permits: number) => { build(): Layer };
}

/** As in package.json: later ones need a newer system library than Debian 12 has (docs/object-storage.md). */
const VERSION = '0.49.2';

/** Not a literal, so that the program also compiles where the package is not installed. */
const PACKAGE: string = 'opendal';

/**
 * Loaded at the first use of object storage only.
 * @param load throws as `import` does
 * @throws STORE_LIBRARY_MISSING
 */
export const loadOpendal = async (load: () => Promise<unknown> = () => import(PACKAGE)): Promise<OpendalModule> => {
  try {
    return (await load()) as OpendalModule;
  } catch (cause) {
    const isMissing = systemCodeOf(cause) === 'ERR_MODULE_NOT_FOUND' && messageOf(cause).includes("'opendal'");
    const found = isMissing ? 'it is not installed' : `it does not load here (${messageOf(cause)})`;
    throw new RefineError(
      'STORE_LIBRARY_MISSING',
      `Expected the package opendal for object storage; ${found}. Install it beside this program: npm install --global opendal@${VERSION} (without --global in a project that has this program), or use a folder.`,
      { cause },
    );
  }
};
