// Tells when somebody comes back to this window, who may have changed a file or a setting meanwhile.

import { useEffect } from "preact/hooks";

/** @param {() => void} returned */
export function useReturn(returned) {
  useEffect(() => {
    addEventListener("focus", returned);
    return () => removeEventListener("focus", returned);
  }, [returned]);
}
