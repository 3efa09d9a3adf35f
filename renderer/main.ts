/** Entry of the renderer, the same in the window and in a browser. */
import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { usePreferencesStore } from './stores/preferences'
import './theme/theme.css'

const app = createApp(App)
app.use(createPinia())
app.use(router)
app.use(ui)
// Sets the theme's class before the first paint.
usePreferencesStore()
app.mount('#app')
