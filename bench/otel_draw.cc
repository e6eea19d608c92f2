#include "otel_draw.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace strata::bench {

const std::array<const char*, 20> kOtelServices = {
    "frontend",        "checkout",       "cart",
    "payment",         "shipping",       "currency",
    "product-catalog", "recommendation", "ad",
    "email",           "quote",          "accounting",
    "fraud-detection", "image-provider", "load-generator",
    "kafka",           "frontend-proxy", "auth",
    "search",          "inventory"};
const std::array<const char*, 12> kOtelRoutes = {
    "/api/cart",   "/api/checkout", "/api/products/{id}",  "/api/recommendations",
    "/api/data",   "/api/currency", "/api/shipping/quote", "/api/login",
    "/api/search", "/healthz",      "/api/orders/{id}",    "/static/img/{name}"};

std::string Format(const char* format, ...) {
  char text[512];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

Random::Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL | 1) {
  for (int i = 0; i < 8; ++i) Next();
}

std::uint64_t Random::Next() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_ * 0x2545F4914F6CDD1DULL;
}

double Random::Unit() {
  return static_cast<double>(Next() >> 11) * 0x1p-53;
}

namespace {

// Errors and warnings.
std::string BadNews(const Draw& draw, Random& random) {
  const auto& [severity, message, latency_ms, status, route, a, c, d] = draw;
  switch (message) {
    case 0:
      return Format(
          "failed to connect to upstream 10.%u.%u.%u:8080: dial tcp: i/o timeout after 5000ms",
          c % 32, c, d);
    case 1:
      return Format(
          "panic recovered in handler %s: runtime error: index out of range [%u] with length %u",
          route, c, d);
    case 2:
      return Format("payment request failed. Invalid token. app.loyalty.level=gold order=%08x",
                    static_cast<unsigned>(random.Next()));
    case 3:
      return Format(
          "could not retrieve product %u: rpc error: code = Unavailable desc = connection error",
          a);
    case 4:
      return Format("slow query detected: SELECT * FROM orders WHERE customer_id = %u took %.3f ms",
                    a, latency_ms);
    case 5:
      return Format("retrying request attempt=%u backoff=%ums target=%s", 1 + c % 5,
                    100 * (1 + c % 5), kOtelServices[d % 20]);
    default:
      return Format("cache eviction: %u entries removed, heap %.1f MB of %u MB", a % 5000,
                    random.Unit() * 900, 1024U);
  }
}

// Information and debugging. Several draws of one message are made last argument first.
std::string News(const Draw& draw, Random& random) {
  const auto& [severity, message, latency_ms, status, route, a, c, d] = draw;
  switch (message) {
    case 7:
      return Format("HTTP request completed method=%s path=%s status=%d duration=%.3fms bytes=%u",
                    (c & 1) != 0 ? "GET" : "POST", route, static_cast<int>(status), latency_ms, a);
    case 8: {
      const unsigned long long last = random.Next() & 0xffffffffffffULL;
      const auto fourth = static_cast<unsigned>(random.Below(4096));
      const auto third = static_cast<unsigned>(random.Below(4096));
      const auto second = static_cast<unsigned>(random.Below(65536));
      const auto first = static_cast<unsigned>(random.Next());
      return Format("GetCartAsync called with userId=%08x-%04x-4%03x-a%03x-%012llx", first, second,
                    third, fourth, last);
    }
    case 9:
      return Format("Order confirmation email sent to user%u@example.com", a);
    case 10:
      return Format("Calculated quote: $%.2f for %u items", random.Unit() * 500, 1 + c % 10);
    case 11:
      return Format("Conversion request successful: %u USD -> EUR", a);
    case 12:
      return Format("Targeted ad request received for [%s, %s]",
                    c % 2 != 0 ? "binoculars" : "telescopes", d % 2 != 0 ? "travel" : "books");
    case 13:
      return Format("consumed message topic=orders partition=%u offset=%llu lag=%u", c % 12,
                    1000000ULL + a, d);
    case 14:
      return Format("session %016llx renewed, ttl 3600s",
                    static_cast<unsigned long long>(random.Next()));
    case 15:
      return Format("connection accepted from 10.%u.%u.%u:%u", c % 32, c, d, 1024 + a % 60000);
    case 16:
      return Format("gc pause %.3f ms heap before %u MB after %u MB", random.Unit() * 12, 300 + c,
                    100 + d);
    case 17:
      return "flag evaluation key=productCatalogFailure variant=off reason=STATIC";
    case 18: {
      const auto second = static_cast<unsigned>(random.Below(65536));
      const auto first = static_cast<unsigned>(random.Next());
      return Format("tracking id %08x-%04x created for order, shipping to zip %05u", first, second,
                    a);
    }
    default:
      return Format("scheduled job inventory-sync finished in %.1fs, %u rows updated",
                    random.Unit() * 60, a);
  }
}

}  // namespace

Draw DrawRecord(Random& random) {
  Draw draw{};
  const std::uint64_t severity = random.Below(1000);
  draw.severity = severity < 30 ? 17 : severity < 80 ? 13 : severity < 850 ? 9 : 5;
  if (draw.severity == 17) {
    draw.message = static_cast<unsigned>(random.Below(4));
  } else if (draw.severity == 13) {
    draw.message = 4 + static_cast<unsigned>(random.Below(3));
  } else {
    const double unit = random.Unit();
    draw.message = 7 + static_cast<unsigned>(unit * unit * 13);
  }
  const double first = random.Unit();
  const double middle = random.Unit();
  const double last = random.Unit();
  draw.latency_ms = std::exp(2 + 2 * first + middle * last * 3);
  draw.status = draw.severity == 17     ? 500 + static_cast<unsigned>(random.Below(4))
                : random.Below(20) == 0 ? 404
                                        : 200;
  draw.route = kOtelRoutes[random.Below(12)];
  draw.a = static_cast<unsigned>(random.Below(100000));
  draw.c = static_cast<unsigned>(random.Below(250));
  draw.d = static_cast<unsigned>(random.Below(250));
  return draw;
}

std::string Message(const Draw& draw, Random& random) {
  return draw.message < 7 ? BadNews(draw, random) : News(draw, random);
}

}  // namespace strata::bench
