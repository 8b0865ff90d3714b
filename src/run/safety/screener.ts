/** The interface of a content screener. Types only. */
import type { SafetyCheck, SafetyService } from '../../records/result.js';

export interface Verdict extends Pick<SafetyCheck, 'categories' | 'blocklists'> {
  isBlocked: boolean;
}

export interface Screener {
  readonly service: SafetyService;
  /** Differs if anything that decides its verdicts differs. */
  readonly identity: string;
  /** Rows that may wait for their verdicts while the engine works on another. */
  readonly depth: number;
  /** Called once, before the first row. @throws CONTENT_SAFETY_SETUP, CONTENT_SAFETY_UNAVAILABLE, SESSION_CREATE */
  open: (signal: AbortSignal) => Promise<void>;
  /** null if texts are not screened. Throws as `screenPicture`. */
  readonly screenText: ((text: string, signal: AbortSignal) => Promise<Verdict>) | null;
  /**
   * @param picture encoded bytes
   * @throws CONTENT_SAFETY_UNAVAILABLE if there is no verdict, CONTENT_SAFETY_SETUP if there will be none for any row, IMAGE_UNDECODABLE
   */
  screenPicture: (picture: Uint8Array, signal: AbortSignal) => Promise<Verdict>;
  close: () => Promise<void>;
}
