/** Bounds the total bytes of all request bodies in memory. */
import { RefineError } from '../../../errors.js';

const MEBIBYTE = 2 ** 20;

/** The bytes of one request. */
export interface Share {
  /** Checks that so many more bytes fit, without taking them. @throws SERVER_BUSY */
  expect: (bytes: number) => void;
  /** @throws SERVER_BUSY */
  take: (bytes: number) => void;
  /** Releases all bytes; later calls of `take` do nothing. */
  release: () => void;
}

export class ByteBudget {
  #held = 0;

  /** @param limit bytes of all requests */
  constructor(private readonly limit: number) {}

  get held(): number {
    return this.#held;
  }

  share(): Share {
    let own = 0;
    let isOver = false;
    const expect = (bytes: number): void => {
      if (this.#held + bytes <= this.limit) return;
      throw new RefineError(
        'SERVER_BUSY',
        `The requests in the server take ${Math.round(this.#held / MEBIBYTE)} of ${Math.round(this.limit / MEBIBYTE)} MiB ` +
          '(--bodies-limit), and this request does not fit beside them. Try again in a while.',
      );
    };
    return {
      expect,
      take: (bytes) => {
        if (isOver) return;
        expect(bytes);
        own += bytes;
        this.#held += bytes;
      },
      release: () => {
        isOver = true;
        this.#held -= own;
        own = 0;
      },
    };
  }
}
