/** Bounds the total bytes of all request bodies in memory. */
import { RefineError } from '../../../errors.js';

const MEBIBYTE = 2 ** 20;

/** What one request holds. */
export interface Share {
  /** @throws SERVER_BUSY if so many more bytes could not be held now; takes none */
  expect: (bytes: number) => void;
  /** @throws SERVER_BUSY */
  take: (bytes: number) => void;
  /** Gives everything back; nothing can be taken any more. */
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
        `The requests that are here hold ${Math.round(this.#held / MEBIBYTE)} of ${Math.round(this.limit / MEBIBYTE)} MiB ` +
          '(--bodies-limit), and this one does not fit beside them. Try again in a while.',
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
