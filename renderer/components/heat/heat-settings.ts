/** What was chosen for heat maps on one screen holds on the others. */
import { ref } from 'vue'

/** How much the strongest colour covers, 0–1. */
export const heatOpacity = ref(0.65)
