// By how much the services' clocks are ahead of this machine's, as far as what they say tells. Pure.

const LEAST_MS = 2000; // below it, it is the way here and not the clock
const LEAST_SAMPLES = 3; // one that is late may have been held up; not so many

export class Skew {
  #best = -Infinity;
  #samples = 0;

  /** Milliseconds to add to this machine's time. */
  get ms() {
    const isTrusted = this.#best > 0 || this.#samples >= LEAST_SAMPLES;
    return isTrusted && Math.abs(this.#best) >= LEAST_MS ? this.#best : 0;
  }

  /**
   * An event comes later than it happened, never earlier: the least late one is nearest to the truth.
   * @param {number} ahead its time less this machine's, in milliseconds
   * @param {boolean} isLive whether it happened just now; of old ones only a time to come tells anything
   */
  note(ahead, isLive) {
    if (Number.isNaN(ahead) || (!isLive && ahead <= 0)) return;
    this.#best = Math.max(this.#best, ahead);
    this.#samples += 1;
  }
}
