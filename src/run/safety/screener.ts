/** The interface of a content screener. Types only. */
import type { SafetyCheck, SafetyService } from '../../records/result.js';

export interface Verdict extends Pick<SafetyCheck, 'categories' | 'blocklists'> {
  isBlocked: boolean;
}

export interface Screener {
  readonly service: SafetyService;
  /** Changes with everything that decides its verdicts. */
  readonly identity: string;
  /** Rows that may wait for their verdicts while the engine works on another. */
  readonly depth: number;
  /** Asked once, before any row. @throws CONTENT_SAFETY_SETUP, CONTENT_SAFETY_UNAVAILABLE, SESSION_CREATE */
  open: (signal: AbortSignal) => Promise<void>;
  /** null: texts are not looked at. Throws as `screenPicture` does. */
  readonly screenText: ((text: string, signal: AbortSignal) => Promise<Verdict>) | null;
  /**
   * @param picture encoded bytes
   * @throws CONTENT_SAFETY_UNAVAILABLE when there is no verdict, CONTENT_SAFETY_SETUP when there will be none for any row, IMAGE_UNDECODABLE
   */
  screenPicture: (picture: Uint8Array, signal: AbortSignal) => Promise<Verdict>;
  close: () => Promise<void>;
}
