/** Bounds the total bytes in memory of all requests: bodies, fetched pictures and finished ones. */
import { RefineError } from '../../../errors.js';

const MEBIBYTE = 2 ** 20;

/** The bytes of one request. */
export interface Share {
  /** Checks that so many more bytes fit, without taking them. @throws SERVER_BUSY */
  expect: (bytes: number) => void;
  /** @throws SERVER_BUSY */
  take: (bytes: number) => void;
  /** Takes them, also beyond the limit: of work that is done. New requests wait until they are released. */
  add: (bytes: number) => void;
  /** Releases all bytes; later calls do nothing. */
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
    const add = (bytes: number): void => {
      if (isOver) return;
      own += bytes;
      this.#held += bytes;
    };
    return {
      expect,
      take: (bytes) => {
        if (!isOver) expect(bytes);
        add(bytes);
      },
      add,
      release: () => {
        isOver = true;
        this.#held -= own;
        own = 0;
      },
    };
  }
}
