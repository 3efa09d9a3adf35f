/** What experiments cost, learned from those that were made, and how many more the budget has room for. */

export interface Cost {
  /** Wall time of a training whose features are there. */
  train: number
  /** Of computing the features of every image once. */
  features: number
}

interface Made {
  /** Wall time, everything counted. */
  seconds: number
  features: { computed: number; seconds: number }
}

export class Budget {
  /** Of the clock, when the work began. */
  private begunMs: number | null = null
  private waitedMs = 0
  private trained = 0
  private trainSeconds = 0
  private featureImages = 0
  private featureSeconds = 0

  /**
   * @param seconds to spend
   * @param images whose features a new kind of preprocessing needs
   * @param expected of a training, before the first was made
   */
  constructor(
    readonly seconds: number,
    private readonly images: number,
    private readonly expected: number,
    private readonly now: () => number = () => performance.now()
  ) {}

  /** From here on the time counts. */
  begin(): void {
    this.begunMs = this.now()
  }

  /** Time in which others trained does not count. */
  async waiting<T>(wait: Promise<T>): Promise<T> {
    const from = this.now()
    try {
      return await wait
    } finally {
      this.waitedMs += this.now() - from
    }
  }

  get spent(): number {
    return this.begunMs === null ? 0 : (this.now() - this.begunMs - this.waitedMs) / 1000
  }

  get left(): number {
    return Math.max(0, this.seconds - this.spent)
  }

  /** Whether there was one to learn from. */
  get known(): boolean {
    return this.trained > 0
  }

  add({ seconds, features }: Made): void {
    this.trained++
    this.trainSeconds += Math.max(0, seconds - features.seconds)
    // A handful says more about starting than about computing.
    if (features.computed < Math.min(32, this.images)) return
    this.featureImages += features.computed
    this.featureSeconds += features.seconds
  }

  cost(): Cost {
    return {
      train: this.trained > 0 ? this.trainSeconds / this.trained : this.expected,
      features: this.featureImages > 0 ? (this.featureSeconds / this.featureImages) * this.images : 0
    }
  }

  /** Trainings that there is room for, when `newFeatures` of them need features that are not there. */
  room(newFeatures: number): number {
    const { train, features } = this.cost()
    return Math.max(0, Math.floor((this.left - newFeatures * features) / train))
  }
}
