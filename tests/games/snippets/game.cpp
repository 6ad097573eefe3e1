// What a C++ game server says to the agent: g++ -std=c++17 game.cpp -lcurl
#include <chrono>
#include <cstdlib>
#include <curl/curl.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

static size_t append(char *data, size_t, size_t size, void *text) {
    static_cast<std::string *>(text)->append(data, size);
    return size;
}

// Call the agent; a call that was cut off may always be made again.
static std::string call(const char *method, const std::string &path, const std::string &json) {
    const std::string url = std::getenv("AGENT_URL") + path;
    for (;;) {
        std::string answer;
        long status = 0;
        CURL *curl = curl_easy_init();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        if (!json.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.c_str());
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // this may be any thread
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        const CURLcode result = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(curl);
        if (result == CURLE_OK && status < 400) return answer;
        if (result == CURLE_OK) throw std::runtime_error(answer);  // it names the fix
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

// Return as soon as the server has to go; run it in a thread of its own.
static void wait_for_stop() {
    for (std::string revision = "0";;) {
        const std::string path = "/v1/status?after=" + revision + "&wait=20";
        const std::string status = call("GET", path, "");
        if (status.find("\"phase\":\"stopp") != std::string::npos) return;  // stopping, stopped
        revision = std::to_string(std::atoll(status.c_str() + status.find("\"revision\":") + 11));
    }
}

int main() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    call("POST", "/v1/ready", "{}");  // when the map is loaded
    call("PUT", "/v1/players", R"({"ids": ["ann", "bob"], "capacity": 16})");  // each join, leave
    wait_for_stop();
    std::cout << "saving the world" << std::endl;
}
