import io.opentelemetry.sdk.common.CompletableResultCode;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The outcomes of a combination's exports, which the SDK makes on threads of its own. */
final class Exports {
  private final List<CompletableResultCode> results = new CopyOnWriteArrayList<>();

  CompletableResultCode note(CompletableResultCode result) {
    results.add(result);
    return result;
  }

  /** Fails when an export did, or when there was none. */
  void requireSuccess() {
    if (results.isEmpty()) {
      throw new IllegalStateException("nothing was exported");
    }
    for (CompletableResultCode result : results) {
      if (!result.join(20, TimeUnit.SECONDS).isSuccess()) {
        throw new IllegalStateException("an export failed", result.getFailureThrowable());
      }
    }
  }
}
