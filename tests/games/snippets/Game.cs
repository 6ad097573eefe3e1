// What a C# game server says to the agent: Unity, Mono, .NET.
using System;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

static class Agent
{
    static readonly HttpClient Http = new HttpClient();

    // Call the agent; a call that was cut off may always be made again.
    public static async Task Call(string method, string path, string json = "{}")
    {
        for (;;)
        {
            var url = Environment.GetEnvironmentVariable("AGENT_URL") + path;
            var request = new HttpRequestMessage(new HttpMethod(method), url);
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            try
            {
                var answer = await Http.SendAsync(request);
                if (!answer.IsSuccessStatusCode) // it names the field and the fix
                    Console.Error.WriteLine(await answer.Content.ReadAsStringAsync());
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(200);
            }
        }
    }

    // Whether the server has to go: Unity does not hear SIGTERM, so look here in Update().
    public static bool AsksToStop
    {
        get { return File.Exists(Environment.GetEnvironmentVariable("AGENT_STOP_FILE")); }
    }
}

static class Game
{
    static async Task Play()
    {
        await Agent.Call("POST", "/v1/ready"); // when the map is loaded
        await Agent.Call("PUT", "/v1/players", "{\"ids\": [\"ann\", \"bob\"], \"capacity\": 16}");
        while (!Agent.AsksToStop) await Task.Delay(50); // the game's own loop
        Console.WriteLine("saving the world");
    }

    static void Main()
    {
        Play().Wait();
    }
}
