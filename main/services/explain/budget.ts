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
  private spentSeconds = 0
  private trained = 0
  private trainSeconds = 0
  private featureImages = 0
  private featureSeconds = 0

  /**
   * @param seconds to spend
   * @param images whose features a new kind of preprocessing needs
   * @param expected of a training, before the first was made; null: unknown
   */
  constructor(
    readonly seconds: number,
    private readonly images: number,
    private readonly expected: number | null
  ) {}

  get spent(): number {
    return this.spentSeconds
  }

  get left(): number {
    return Math.max(0, this.seconds - this.spentSeconds)
  }

  /** Whether there was one to learn from. */
  get known(): boolean {
    return this.trained > 0
  }

  add({ seconds, features }: Made): void {
    this.spentSeconds += seconds
    this.trained++
    this.trainSeconds += Math.max(0, seconds - features.seconds)
    // A handful says more about starting than about computing.
    if (features.computed < Math.min(32, this.images)) return
    this.featureImages += features.computed
    this.featureSeconds += features.seconds
  }

  /** Time that was worked for nothing. */
  waste(seconds: number): void {
    this.spentSeconds += seconds
  }

  cost(): Cost {
    return {
      train: this.trained > 0 ? this.trainSeconds / this.trained : (this.expected ?? 0),
      features: this.featureImages > 0 ? (this.featureSeconds / this.featureImages) * this.images : 0
    }
  }

  /** Trainings that there is room for, when `newFeatures` of them need features that are not there. */
  room(newFeatures: number): number {
    const { train, features } = this.cost()
    if (train === 0) return 0
    return Math.max(0, Math.floor((this.left - newFeatures * features) / train))
  }
}
